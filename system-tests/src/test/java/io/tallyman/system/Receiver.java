package io.tallyman.system;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.stream.Stream;

/** A webhook receiver that remembers what it got, and answers 200 unless told otherwise. */
final class Receiver implements AutoCloseable {

  private final HttpServer server;

  private volatile int status = 200;

  /**
   * One request.
   *
   * @param trigger why it was told again; empty: it was not
   */
  record Received(
      String body,
      String timestamp,
      String webhookId,
      int sequence,
      Optional<String> trigger,
      Optional<String> signature) {}

  private final List<Received> all = Collections.synchronizedList(new ArrayList<>());

  Receiver() throws IOException {
    this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext(
        "/",
        exchange -> {
          try (exchange) {
            all.add(
                new Received(
                    new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8),
                    exchange.getRequestHeaders().getFirst("webhook-timestamp"),
                    exchange.getRequestHeaders().getFirst("webhook-id"),
                    Integer.parseInt(exchange.getRequestHeaders().getFirst("webhook-sequence")),
                    Optional.ofNullable(exchange.getRequestHeaders().getFirst("webhook-trigger")),
                    Optional.ofNullable(
                        exchange.getRequestHeaders().getFirst("webhook-signature"))));
            exchange.sendResponseHeaders(status, -1);
          }
        });
    server.start();
  }

  String url() {
    return "http://127.0.0.1:%d/hook".formatted(server.getAddress().getPort());
  }

  /** What it answers from now on. */
  void answers(int status) {
    this.status = status;
  }

  /** Requests about this job, in the order of arrival. */
  List<Received> received(String job) {
    return of(job).toList();
  }

  /** Bodies that name this job, in the order of arrival. */
  List<String> bodiesOf(String job) {
    return of(job).map(Received::body).toList();
  }

  /** The states that they tell, each once, in the order of first arrival. */
  List<String> statesOf(String job) {
    return bodiesOf(job).stream().map(Receiver::state).distinct().toList();
  }

  /** The state that each delivery told, in the order of first arrival: repeats are left out. */
  List<String> deliveriesOf(String job) {
    var byId = new LinkedHashMap<String, String>();
    of(job).forEach(it -> byId.putIfAbsent(it.webhookId(), state(it.body())));
    return List.copyOf(byId.values());
  }

  /** The {@code webhook-timestamp} of each. */
  List<Instant> timestampsOf(String job) {
    return of(job).map(it -> Instant.ofEpochSecond(Long.parseLong(it.timestamp()))).toList();
  }

  private static String state(String body) {
    return body.replaceFirst(".*\"status\":\"([A-Z_]+)\".*", "$1");
  }

  private Stream<Received> of(String job) {
    synchronized (all) {
      return List.copyOf(all).stream().filter(it -> it.body().contains(job));
    }
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
