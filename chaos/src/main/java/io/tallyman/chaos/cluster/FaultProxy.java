package io.tallyman.chaos.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One link: a loopback port that passes all on to another one, and whose faults come and go while
 * connections are open. Two virtual threads per connection, one per direction. Thread-safe.
 */
public final class FaultProxy implements AutoCloseable {

  /** Which way data flows. */
  public enum Direction {
    /** From the one that connected to the one that listens. */
    UPSTREAM,
    /** Back. */
    DOWNSTREAM
  }

  private static final Logger LOG = LoggerFactory.getLogger(FaultProxy.class);
  private static final int BUFFER_BYTES = 16_384;
  private static final int CONNECT_MILLIS = 2_000;

  private final int port;
  private final InetSocketAddress target;
  private final ServerSocket server;
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Map<Direction, List<Toxic>> toxics = new EnumMap<>(Direction.class);
  private boolean isClosed;

  /**
   * Listens from now on.
   *
   * @param port on loopback that clients connect to
   * @param targetPort on loopback that they reach; nobody need listen there yet
   */
  public FaultProxy(int port, int targetPort) {
    this.port = port;
    this.target = new InetSocketAddress(InetAddress.getLoopbackAddress(), targetPort);
    heal();
    try {
      server = new ServerSocket();
      server.setReuseAddress(true);
      server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to listen on port " + port, e);
    }
    Thread.ofVirtual().name("proxy-" + port).start(this::accept);
  }

  /** Where clients connect to. */
  public int port() {
    return port;
  }

  /** Adds a fault to one direction; a {@link Toxic.ResetPeer} acts on both at once. */
  public void add(Direction direction, Toxic toxic) {
    lock.lock();
    try {
      var more = new ArrayList<>(toxics.getOrDefault(direction, List.of()));
      more.add(toxic);
      toxics.put(direction, List.copyOf(more));
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    if (toxic instanceof Toxic.ResetPeer) {
      sockets.forEach(FaultProxy::reset);
    }
  }

  /** Takes one such fault away from one direction; others stay. */
  public void remove(Direction direction, Toxic toxic) {
    lock.lock();
    try {
      var fewer = new ArrayList<>(toxics.getOrDefault(direction, List.of()));
      fewer.remove(toxic);
      toxics.put(direction, List.copyOf(fewer));
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Takes all faults away; connections that are still open go on. */
  public void heal() {
    lock.lock();
    try {
      for (var direction : Direction.values()) {
        toxics.put(direction, List.of());
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      isClosed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    closeQuietly(server);
    sockets.forEach(FaultProxy::closeQuietly);
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        var client = server.accept();
        sockets.add(client);
        Thread.ofVirtual().name("link-" + port).start(() -> serve(client));
      } catch (SocketException _) {
        // Closed, or the client was gone already.
      } catch (IOException e) {
        LOG.warn("port {} cannot accept", port, e);
      }
    }
  }

  private void serve(Socket client) {
    var upstream = new Socket();
    try {
      if (isResetting()) {
        reset(client);
        return;
      }
      upstream.connect(target, CONNECT_MILLIS);
      sockets.add(upstream);
      client.setTcpNoDelay(true);
      upstream.setTcpNoDelay(true);
      var back = Thread.ofVirtual().start(() -> pump(upstream, client, Direction.DOWNSTREAM));
      pump(client, upstream, Direction.UPSTREAM);
      back.join();
    } catch (IOException _) {
      // Nobody listens behind us: as seen from the client, nobody listens here.
      reset(client);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      sockets.remove(client);
      sockets.remove(upstream);
      closeQuietly(client);
      closeQuietly(upstream);
    }
  }

  private void pump(Socket from, Socket to, Direction direction) {
    var buffer = new byte[BUFFER_BYTES];
    var passed = 0L;
    try {
      while (true) {
        var read = from.getInputStream().read(buffer);
        awaitPassage(direction);
        if (read < 0) {
          pause(delayOfClose(direction));
          to.shutdownOutput();
          return;
        }
        var left = limit(direction) - passed;
        write(to, buffer, (int) Math.min(read, Math.max(0, left)), direction);
        passed += read;
        if (read >= left) {
          closeQuietly(from);
          closeQuietly(to);
          return;
        }
      }
    } catch (IOException _) {
      // One side is gone: so is the other.
      reset(from);
      reset(to);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void write(Socket to, byte[] buffer, int length, Direction direction)
      throws IOException, InterruptedException {
    var piece = length;
    var pauseAfter = Duration.ZERO;
    for (var toxic : toxics(direction)) {
      switch (toxic) {
        case Toxic.Latency(Duration delay) -> pause(delay);
        case Toxic.Bandwidth(long bytesPerSecond) ->
            pause(Duration.ofNanos(TimeUnit.SECONDS.toNanos(length) / bytesPerSecond));
        case Toxic.Slicer(int bytes, Duration between) -> {
          piece = Math.max(1, bytes);
          pauseAfter = between;
        }
        case Toxic.SlowClose _, Toxic.Timeout _, Toxic.ResetPeer _, Toxic.LimitData _ -> {
          // Not about how a piece is written.
        }
      }
    }
    for (var at = 0; at < length; at += piece) {
      to.getOutputStream().write(buffer, at, Math.min(piece, length - at));
      pause(pauseAfter);
    }
  }

  private List<Toxic> toxics(Direction direction) {
    lock.lock();
    try {
      return toxics.getOrDefault(direction, List.of());
    } finally {
      lock.unlock();
    }
  }

  /** Returns when nothing holds back what flows this way. */
  private void awaitPassage(Direction direction) throws InterruptedException {
    lock.lock();
    try {
      while (!isClosed
          && toxics.getOrDefault(direction, List.of()).stream()
              .anyMatch(Toxic.Timeout.class::isInstance)) {
        changed.await();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Waits, or until the proxy is closed. */
  private void pause(Duration time) throws InterruptedException {
    if (!time.isPositive()) {
      return;
    }
    var left = time.toNanos();
    lock.lock();
    try {
      while (!isClosed && left > 0) {
        left = changed.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  private boolean isResetting() {
    for (var direction : Direction.values()) {
      if (toxics(direction).stream().anyMatch(Toxic.ResetPeer.class::isInstance)) {
        return true;
      }
    }
    return false;
  }

  private long limit(Direction direction) {
    return toxics(direction).stream()
        .filter(Toxic.LimitData.class::isInstance)
        .mapToLong(toxic -> ((Toxic.LimitData) toxic).bytes())
        .min()
        .orElse(Long.MAX_VALUE);
  }

  private Duration delayOfClose(Direction direction) {
    return toxics(direction).stream()
        .filter(Toxic.SlowClose.class::isInstance)
        .map(toxic -> ((Toxic.SlowClose) toxic).delay())
        .reduce(Duration.ZERO, Duration::plus);
  }

  /** Ends a connection with RST, whatever is on its way. */
  private static void reset(Socket socket) {
    try {
      socket.setSoLinger(true, 0);
    } catch (SocketException _) {
      // Closed already.
    }
    closeQuietly(socket);
  }

  private static void closeQuietly(AutoCloseable socket) {
    try {
      socket.close();
    } catch (Exception e) {
      LOG.debug("closing: {}", e.toString());
    }
  }
}
