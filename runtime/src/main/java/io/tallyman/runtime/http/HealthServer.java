package io.tallyman.runtime.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpServer;
import io.tallyman.runtime.Service;
import io.tallyman.runtime.Service.Health;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.Executors;

/**
 * {@code GET /livez}, {@code GET /readyz} and {@code GET /metrics} for a service without an HTTP
 * port of its own. Liveness never asks a dependency; readiness names each, and is 503 when one is
 * not ready; metrics are Prometheus' text.
 */
public final class HealthServer implements AutoCloseable {

  private final HttpServer server;

  /**
   * Listens on all interfaces.
   *
   * @param port 0: any free one
   * @throws IOException when the port is taken
   */
  public HealthServer(int port, Service service) throws IOException {
    this.server = HttpServer.create(new InetSocketAddress(port), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/livez", exchange -> answer(exchange, 200, "ok\n"));
    server.createContext(
        "/readyz",
        exchange -> {
          var health = service.health();
          answer(exchange, health.stream().allMatch(Health::isReady) ? 200 : 503, describe(health));
        });
    server.createContext("/metrics", exchange -> answer(exchange, 200, service.metrics()));
    server.start();
  }

  /** The port it listens on. */
  public int port() {
    return server.getAddress().getPort();
  }

  /** One line per dependency: {@code kafka ready: …}. */
  public static String describe(List<Health> health) {
    var text = new StringBuilder();
    for (var one : health) {
      text.append(one.name())
          .append(one.isReady() ? " ready: " : " NOT READY: ")
          .append(one.detail())
          .append('\n');
    }
    return text.toString();
  }

  @Override
  public void close() {
    server.stop(0);
  }

  private static void answer(com.sun.net.httpserver.HttpExchange exchange, int status, String text)
      throws IOException {
    try (exchange) {
      var body = text.getBytes(UTF_8);
      exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
      exchange.sendResponseHeaders(status, body.length);
      exchange.getResponseBody().write(body);
    }
  }
}
