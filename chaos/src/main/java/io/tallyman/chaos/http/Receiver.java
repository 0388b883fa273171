package io.tallyman.chaos.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.chaos.history.Received;
import io.tallyman.chaos.history.Ticker;
import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A receiver of webhooks that records each request before it answers, and answers as {@link
 * ReceiverScript} says. A server of HTTP/1.1 as small as can be, on a socket, because it must drop
 * connections: a request with a {@code Content-Length} and no more, and the connection is kept.
 */
public final class Receiver implements AutoCloseable {

  private static final int MAX_BODY = 32 << 20;
  private static final int MAX_LINE = 16 << 10;

  private static final Logger LOG = LoggerFactory.getLogger(Receiver.class);

  private final ServerSocket server;
  private final Ticker ticker;
  private final Consumer<Received> record;
  private final ReceiverScript script = new ReceiverScript();
  private final Set<Socket> connections = ConcurrentHashMap.newKeySet();
  private final CountDownLatch closing = new CountDownLatch(1);

  /**
   * Listens on a free port of loopback.
   *
   * @param record told of each request before it is answered
   * @throws UncheckedIOException when it cannot listen
   */
  public Receiver(Ticker ticker, Consumer<Received> record) {
    this.ticker = ticker;
    this.record = record;
    try {
      this.server = new ServerSocket(0, 1_000, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to listen on loopback", e);
    }
    Thread.ofVirtual().name("receiver").start(this::accept);
  }

  /** Where it listens, without a path. */
  public URI url() {
    return URI.create("http://127.0.0.1:" + server.getLocalPort());
  }

  @Override
  public void close() {
    closing.countDown();
    closeQuietly(server);
    connections.forEach(Receiver::closeQuietly);
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        var connection = server.accept();
        connections.add(connection);
        Thread.ofVirtual().start(() -> serve(connection));
      } catch (IOException e) {
        if (!server.isClosed()) {
          LOG.warn("a connection was not accepted: {}", e.toString());
        }
      }
    }
  }

  private void serve(Socket connection) {
    try (connection) {
      connection.setTcpNoDelay(true);
      var in = new BufferedInputStream(connection.getInputStream());
      for (var request = read(in); request != null; request = read(in)) {
        var step = script.next(request.path(), request.headers().getOrDefault("webhook-id", ""));
        record.accept(
            new Received(
                ticker.nowMicros(),
                request.path(),
                request.headers(),
                request.body(),
                step.status()));
        if (closing.await(step.delayMillis(), TimeUnit.MILLISECONDS) || step.status() == 0) {
          return;
        }
        connection.getOutputStream().write(step.answer().getBytes(ISO_8859_1));
      }
    } catch (IOException e) {
      // Its sender died, or gave up waiting: what a chaos run is about.
      LOG.debug("a connection ended: {}", e.toString());
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } finally {
      connections.remove(connection);
    }
  }

  private record Request(String path, Map<String, String> headers, String body) {}

  /** The next request, whole; null at the end of the connection. */
  private static @Nullable Request read(InputStream in) throws IOException {
    var first = line(in);
    if (first.isEmpty()) {
      return null;
    }
    var parts = first.split(" ", -1);
    if (parts.length != 3 || !parts[0].equals("POST") || !parts[2].equals("HTTP/1.1")) {
      throw new IOException("Expected POST and a path of HTTP/1.1, but got: " + first);
    }
    var headers = new LinkedHashMap<String, String>();
    for (var line = line(in); !line.isEmpty(); line = line(in)) {
      var colon = line.indexOf(':');
      if (colon < 1) {
        throw new IOException("Expected a header, but got: " + line);
      }
      headers.put(
          line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
    }
    return new Request(parts[1], headers, body(in, headers));
  }

  private static String body(InputStream in, Map<String, String> headers) throws IOException {
    int length;
    try {
      length = Integer.parseInt(headers.getOrDefault("content-length", ""));
    } catch (NumberFormatException e) {
      throw new IOException("Expected a Content-Length, but got " + headers, e);
    }
    if (length < 0 || length > MAX_BODY) {
      throw new IOException("Expected a body of at most 32 MiB, but got " + length);
    }
    var body = in.readNBytes(length);
    if (body.length < length) {
      throw new IOException("Expected %d bytes, but got %d".formatted(length, body.length));
    }
    return new String(body, UTF_8);
  }

  /** Up to the next CR LF, without it; empty at the end of the connection, too. */
  private static String line(InputStream in) throws IOException {
    var line = new StringBuilder();
    for (int next = in.read(); next >= 0 && next != '\n'; next = in.read()) {
      if (line.length() > MAX_LINE) {
        throw new IOException("Expected lines of at most 16 KiB");
      }
      line.append((char) next);
    }
    return line.toString().stripTrailing();
  }

  private static void closeQuietly(Closeable socket) {
    try {
      socket.close();
    } catch (IOException e) {
      LOG.debug("was not closed: {}", e.toString());
    }
  }
}
