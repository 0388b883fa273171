package io.tallyman.bench.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * Webhook receivers that do next to nothing: what is measured is the sender, and both share the
 * processors. Each is a port of its own, and so a target of its own. A request's path ends with the
 * moment of its event, by {@link System#nanoTime}; it was received when its first byte is read.
 */
public final class FastReceivers implements AutoCloseable {

  /** Nothing received for so long means that something is stuck. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private static final byte[] ANSWER =
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".getBytes(ISO_8859_1);

  private final List<ServerSocket> servers = new ArrayList<>();
  private final Queue<Duration> latencies = new ConcurrentLinkedQueue<>();
  private final AtomicInteger received = new AtomicInteger();
  private final AtomicInteger signed = new AtomicInteger();

  /** So many, on free loopback ports. */
  public FastReceivers(int count) throws IOException {
    for (var i = 0; i < count; i++) {
      var server = new ServerSocket(0, 1_000, InetAddress.getLoopbackAddress());
      servers.add(server);
      Thread.ofVirtual().start(() -> accept(server));
    }
  }

  /** Where an event of this moment goes; they take turns. */
  public URI url(int number, long nanoTime) {
    var server = servers.get(number % servers.size());
    return URI.create("http://127.0.0.1:%d/%d".formatted(server.getLocalPort(), nanoTime));
  }

  /** Forgets what came so far. */
  public void reset() {
    latencies.clear();
    received.set(0);
    signed.set(0);
  }

  /**
   * Waits for so many requests; each must be signed.
   *
   * @return from event to first byte
   * @throws TimeoutException when none comes for 30 s
   */
  public Collection<Duration> await(int count) throws TimeoutException {
    var before = 0;
    var progressAt = System.nanoTime();
    while (received.get() < count) {
      LockSupport.parkNanos(Duration.ofMillis(1).toNanos());
      if (received.get() > before) {
        before = received.get();
        progressAt = System.nanoTime();
      } else if (System.nanoTime() - progressAt > PATIENCE.toNanos()) {
        throw new TimeoutException(
            "Expected %d webhooks, but only %d came, and none for %s"
                .formatted(count, before, PATIENCE));
      }
    }
    if (signed.get() < count) {
      throw new IllegalStateException(
          "Expected %d signed webhooks, but %d are".formatted(count, signed.get()));
    }
    return List.copyOf(latencies);
  }

  @Override
  public void close() {
    for (var server : servers) {
      try {
        server.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private void accept(ServerSocket server) {
    while (!server.isClosed()) {
      try {
        var socket = server.accept();
        socket.setTcpNoDelay(true);
        Thread.ofVirtual().start(() -> serve(socket));
      } catch (IOException e) {
        // Closed: the loop's condition ends it.
      }
    }
  }

  private void serve(Socket socket) {
    try (socket;
        var in = new BufferedInputStream(socket.getInputStream(), 4_096)) {
      for (var first = in.read(); first >= 0; first = in.read()) {
        var at = System.nanoTime();
        var path = line(in);
        var length = 0;
        for (var header = line(in); !header.isEmpty(); header = line(in)) {
          if (header.regionMatches(true, 0, "content-length:", 0, 15)) {
            length = Integer.parseInt(header.substring(15).strip());
          } else if (header.regionMatches(true, 0, "webhook-signature: v1,", 0, 22)) {
            signed.incrementAndGet();
          }
        }
        in.skipNBytes(length);
        socket.getOutputStream().write(ANSWER);
        var end = path.indexOf(' ', path.indexOf('/'));
        var since = Long.parseLong(path.substring(path.indexOf('/') + 1, end));
        latencies.add(Duration.ofNanos(at - since));
        received.incrementAndGet();
      }
    } catch (IOException e) {
      // The sender has hung up.
    }
  }

  private static String line(InputStream in) throws IOException {
    var line = new StringBuilder(80);
    for (var next = in.read(); next != '\n'; next = in.read()) {
      if (next < 0) {
        throw new IOException("Expected a line, but the connection ended");
      }
      if (next != '\r') {
        line.append((char) next);
      }
    }
    return line.toString();
  }
}
