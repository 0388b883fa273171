package io.tallyman.runner.docker;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Stands between a runtime and the engine, and loses, holds up or breaks what goes through. */
final class EngineProxy implements AutoCloseable {

  private static final String CREATE = "POST /containers/create";

  private final SocketAddress engine;
  private final ServerSocketChannel server;
  private final Set<SocketChannel> open = ConcurrentHashMap.newKeySet();
  private final AtomicInteger lostCreations = new AtomicInteger();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private boolean isFrozen;
  private boolean isCut;

  /** On a free port. */
  EngineProxy(String engineHost) throws IOException {
    var host = URI.create(engineHost);
    engine =
        host.getScheme().equals("unix")
            ? UnixDomainSocketAddress.of(host.getPath())
            : new InetSocketAddress(host.getHost(), host.getPort());
    server = ServerSocketChannel.open();
    server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    Thread.startVirtualThread(this::accept);
  }

  /** Where it listens. */
  String host() throws IOException {
    return "tcp://127.0.0.1:" + ((InetSocketAddress) server.getLocalAddress()).getPort();
  }

  /** The engine will obey the next requests for a container, but nobody will hear its answer. */
  void loseAnswersToCreations(int count) {
    lostCreations.set(count);
  }

  /** Whether nothing moves any more, in either direction, on connections old or new. */
  void freeze(boolean frozen) {
    lock.lock();
    try {
      isFrozen = frozen;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Whether all connections break, and new ones too. */
  void cut(boolean cut) {
    lock.lock();
    try {
      isCut = cut;
    } finally {
      lock.unlock();
    }
    if (cut) {
      open.forEach(EngineProxy::closeQuietly);
      open.clear();
    }
  }

  private void accept() {
    while (server.isOpen()) {
      try {
        var client = server.accept();
        if (isBroken()) {
          client.close();
          continue;
        }
        var upstream =
            SocketChannel.open(
                engine instanceof UnixDomainSocketAddress
                    ? java.net.StandardProtocolFamily.UNIX
                    : java.net.StandardProtocolFamily.INET);
        upstream.connect(engine);
        open.add(client);
        open.add(upstream);
        var connection = new Connection(client, upstream);
        Thread.startVirtualThread(connection::requests);
        Thread.startVirtualThread(connection::answers);
      } catch (IOException _) {
        // Closed, or a client that left at once.
      }
    }
  }

  private boolean isBroken() {
    lock.lock();
    try {
      return isCut;
    } finally {
      lock.unlock();
    }
  }

  private void awaitThaw() {
    lock.lock();
    try {
      while (isFrozen) {
        changed.awaitUninterruptibly();
      }
    } finally {
      lock.unlock();
    }
  }

  private static void closeQuietly(SocketChannel channel) {
    try {
      channel.close();
    } catch (IOException _) {
      // It is gone either way.
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
    freeze(false);
    cut(true);
  }

  private final class Connection {
    private final SocketChannel client;
    private final SocketChannel upstream;
    private volatile boolean isCreation;

    Connection(SocketChannel client, SocketChannel upstream) {
      this.client = client;
      this.upstream = upstream;
    }

    void requests() {
      pump(
          client,
          upstream,
          bytes -> {
            isCreation = ISO_8859_1.decode(bytes).toString().startsWith(CREATE);
            return true;
          });
    }

    void answers() {
      pump(
          upstream,
          client,
          _ -> !isCreation || lostCreations.getAndUpdate(left -> Math.max(0, left - 1)) == 0);
    }

    private void pump(
        SocketChannel from, SocketChannel to, java.util.function.Predicate<ByteBuffer> mayPass) {
      var buffer = ByteBuffer.allocate(64 * 1024);
      try (from;
          to) {
        while (from.read(buffer) >= 0) {
          awaitThaw();
          buffer.flip();
          if (!mayPass.test(buffer.asReadOnlyBuffer())) {
            return;
          }
          while (buffer.hasRemaining()) {
            to.write(buffer);
          }
          buffer.clear();
        }
      } catch (IOException _) {
        // One end left; so does the other.
      }
    }
  }
}
