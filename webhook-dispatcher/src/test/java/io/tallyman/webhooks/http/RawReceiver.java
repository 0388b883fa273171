package io.tallyman.webhooks.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ServerSocketFactory;

/** A receiver that follows a script to the byte: a web framework could not misbehave like this. */
final class RawReceiver implements AutoCloseable {

  private final ServerSocket server;
  private final Script script;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final AtomicInteger connections = new AtomicInteger();
  private final Queue<String> heads = new ConcurrentLinkedQueue<>();
  private final CountDownLatch hungUp = new CountDownLatch(1);

  /** What happens on one connection, which ends with it. */
  interface Script {
    void run(Connection connection) throws IOException, InterruptedException;
  }

  RawReceiver(Script script) throws IOException {
    this(ServerSocketFactory.getDefault(), script);
  }

  /** One with other sockets: those of TLS. */
  RawReceiver(ServerSocketFactory sockets, Script script) throws IOException {
    this.script = script;
    this.server = sockets.createServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::accept);
  }

  /** Reads a request and answers with these bytes, again and again. */
  static RawReceiver answering(String... lines) throws IOException {
    var answer = String.join("\r\n", lines);
    return new RawReceiver(
        connection -> {
          while (connection.readRequest()) {
            connection.write(answer);
          }
        });
  }

  URI url() {
    return URI.create("http://127.0.0.1:%d/hook?token=1".formatted(server.getLocalPort()));
  }

  int port() {
    return server.getLocalPort();
  }

  int connections() {
    return connections.get();
  }

  int requests() {
    return heads.size();
  }

  /** Request lines and headers of the requests that were read to the end. */
  List<String> heads() {
    return List.copyOf(heads);
  }

  /** Whether the client closed the connection that a script was writing to. */
  boolean awaitHangUp() throws InterruptedException {
    return hungUp.await(5, TimeUnit.SECONDS);
  }

  @Override
  public void close() throws IOException {
    closed.countDown();
    server.close();
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        var socket = server.accept();
        connections.incrementAndGet();
        Thread.ofVirtual().start(() -> serve(socket));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      script.run(new Connection(socket));
    } catch (IOException e) {
      hungUp.countDown();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** One connection, from the receiver's side. */
  final class Connection {
    private final Socket socket;
    private final InputStream in;

    private Connection(Socket socket) throws IOException {
      this.socket = socket;
      this.in = new BufferedInputStream(socket.getInputStream());
    }

    /** Reads head and body; false at the end of the stream. */
    boolean readRequest() throws IOException {
      var head = readHead();
      if (head.isEmpty()) {
        return false;
      }
      var length = 0;
      for (var line : head.lines().toList()) {
        if (line.regionMatches(true, 0, "content-length:", 0, 15)) {
          length = Integer.parseInt(line.substring(15).strip());
        }
      }
      in.readNBytes(length);
      heads.add(head);
      return true;
    }

    private String readHead() throws IOException {
      var head = new StringBuilder();
      for (var one = in.read(); one >= 0; one = in.read()) {
        head.append((char) one);
        if (head.length() >= 4 && head.substring(head.length() - 4).equals("\r\n\r\n")) {
          return head.toString();
        }
      }
      return "";
    }

    void write(String text) throws IOException {
      write(text.getBytes(ISO_8859_1));
    }

    void write(byte[] bytes) throws IOException {
      socket.getOutputStream().write(bytes);
      socket.getOutputStream().flush();
    }

    /** One byte after the other, with a pause between them, until the client has had enough. */
    void drip(String text, Duration pause) throws IOException, InterruptedException {
      for (var i = 0; !closed.await(pause.toMillis(), TimeUnit.MILLISECONDS); i++) {
        write(text.substring(i % text.length(), i % text.length() + 1));
      }
    }

    /** Does nothing until the client hangs up, or the receiver closes. */
    void hang() throws IOException {
      in.transferTo(OutputStream.nullOutputStream());
      hungUp.countDown();
    }

    /** Closes with a reset instead of an end. */
    void reset() throws IOException {
      socket.setSoLinger(true, 0);
      socket.close();
    }

    void awaitClose() throws InterruptedException {
      closed.await();
    }
  }
}
