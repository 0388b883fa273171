package io.tallyman.webhooks.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.ToIntFunction;

/** A well-behaved receiver that keeps what it got and answers as a test says. */
public final class Receiver implements AutoCloseable {

  /** An answer that never comes, as long as the receiver is open. */
  public static final int SILENCE = 0;

  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final List<Received> received = new ArrayList<>();
  private final CountDownLatch closed = new CountDownLatch(1);
  private volatile ToIntFunction<Received> answer;

  /**
   * One request.
   *
   * @param nanos when, by the monotonic clock
   */
  public record Received(Map<String, String> headers, String body, long nanos) {

    /** The event's position. */
    public long sequence() {
      return Long.parseLong(headers.getOrDefault("webhook-sequence", ""));
    }

    /** The header {@code webhook-id}. */
    public String webhookId() {
      return headers.getOrDefault("webhook-id", "");
    }

    /** The member {@code id} of the body, which comes first. */
    public String job() {
      return body.split("\"", 5)[3];
    }
  }

  public Receiver(ToIntFunction<Received> answer) throws IOException {
    this.answer = answer;
    this.server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1_000);
    server.setExecutor(threads);
    server.createContext("/", this::take);
    server.start();
  }

  public URI url() {
    return URI.create("http://127.0.0.1:%d/hook".formatted(server.getAddress().getPort()));
  }

  /** From now on. */
  public void answer(ToIntFunction<Received> answer) {
    this.answer = answer;
  }

  /** Everything so far, in the order it came. */
  public List<Received> received() {
    synchronized (received) {
      return List.copyOf(received);
    }
  }

  /** The same for one job. */
  public List<Received> received(String job) {
    return received().stream().filter(it -> it.job().equals(job)).toList();
  }

  @Override
  public void close() {
    closed.countDown();
    server.stop(0);
    threads.shutdownNow();
  }

  private void take(HttpExchange exchange) throws IOException {
    try (exchange) {
      var headers = new TreeMap<String, String>(String.CASE_INSENSITIVE_ORDER);
      exchange
          .getRequestHeaders()
          .forEach((name, values) -> headers.put(name, String.join(", ", values)));
      var body = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
      var one = new Received(headers, body, System.nanoTime());
      synchronized (received) {
        received.add(one);
      }
      var status = answer.applyAsInt(one);
      if (status == SILENCE) {
        closed.await();
      } else {
        exchange.sendResponseHeaders(status, -1);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
