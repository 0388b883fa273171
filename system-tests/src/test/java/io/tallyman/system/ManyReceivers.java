package io.tallyman.system;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;

/**
 * As many webhook receivers as there are addresses: one port, every address of 127.0.0.0/8, and so
 * a target each. What it does with a request is the test's to say. Its threads are virtual, so that
 * ten thousand of them may wait.
 */
final class ManyReceivers implements AutoCloseable {

  private static final int BACKLOG = 10_000;
  private static final int ADDRESSES_PER_BLOCK = 250;

  private final ServerSocket server;
  private final Function<Request, Answer> script;
  private final Queue<Request> requests = new ConcurrentLinkedQueue<>();
  private final AtomicInteger connections = new AtomicInteger();
  private final AtomicInteger mostConnections = new AtomicInteger();

  /**
   * One request.
   *
   * @param path without the first slash
   * @param arrivedAt when its first byte was read, by {@link System#nanoTime}
   */
  record Request(
      String path, long arrivedAt, String webhookId, int sequence, int attempt, boolean isSigned) {}

  /**
   * What a request gets.
   *
   * @param status 0: the connection is closed without one
   */
  record Answer(Duration after, int status) {

    static final Answer OK = new Answer(Duration.ZERO, 200);
    static final Answer FAILS = new Answer(Duration.ZERO, 500);
    static final Answer NEVER = new Answer(Duration.ofDays(1), 0);
  }

  /** Receivers that wait for requests. */
  ManyReceivers(Function<Request, Answer> script) throws IOException {
    this.script = script;
    this.server = new ServerSocket(0, BACKLOG);
    Thread.ofVirtual().start(this::accept);
  }

  /** The receiver of this number, under this path. */
  URI url(int number, String path) {
    return URI.create(
        "http://127.%d.%d.%d:%d/%s"
            .formatted(
                1 + number / (ADDRESSES_PER_BLOCK * ADDRESSES_PER_BLOCK),
                number / ADDRESSES_PER_BLOCK % ADDRESSES_PER_BLOCK,
                1 + number % ADDRESSES_PER_BLOCK,
                server.getLocalPort(),
                path));
  }

  /** All requests, in the order of arrival. */
  List<Request> requests() {
    return List.copyOf(requests);
  }

  /** How many requests came. */
  int count() {
    return requests.size();
  }

  /** How many connections were open at once at the most. */
  int mostConnections() {
    return mostConnections.get();
  }

  @Override
  public void close() {
    try {
      server.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        var socket = server.accept();
        socket.setTcpNoDelay(true);
        Thread.ofVirtual().start(() -> serve(socket));
      } catch (IOException _) {
        // Closed: the loop's condition ends it.
      }
    }
  }

  private void serve(Socket socket) {
    mostConnections.accumulateAndGet(connections.incrementAndGet(), Math::max);
    try (socket;
        var in = new BufferedInputStream(socket.getInputStream(), 2_048)) {
      for (var first = in.read(); first >= 0; first = in.read()) {
        var request = request(System.nanoTime(), in);
        requests.add(request);
        var answer = script.apply(request);
        if (!answer.after().isZero()) {
          LockSupport.parkNanos(answer.after().toNanos());
        }
        if (answer.status() == 0) {
          return;
        }
        socket
            .getOutputStream()
            .write(
                "HTTP/1.1 %d x\r\nContent-Length: 0\r\n\r\n"
                    .formatted(answer.status())
                    .getBytes(ISO_8859_1));
      }
    } catch (IOException _) {
      // The sender has hung up.
    } finally {
      connections.decrementAndGet();
    }
  }

  private static Request request(long arrivedAt, InputStream in) throws IOException {
    var head = line(in);
    var slash = head.indexOf('/');
    var path = head.substring(slash + 1, head.indexOf(' ', slash));
    var headers = new HashMap<String, String>();
    for (var header = line(in); !header.isEmpty(); header = line(in)) {
      var colon = header.indexOf(':');
      headers.put(
          header.substring(0, colon).toLowerCase(Locale.ROOT), header.substring(colon + 1).strip());
    }
    in.skipNBytes(Integer.parseInt(headers.getOrDefault("content-length", "0")));
    return new Request(
        path,
        arrivedAt,
        headers.getOrDefault("webhook-id", ""),
        Integer.parseInt(headers.getOrDefault("webhook-sequence", "0")),
        Integer.parseInt(headers.getOrDefault("webhook-attempt", "0")),
        headers.containsKey("webhook-signature"));
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
