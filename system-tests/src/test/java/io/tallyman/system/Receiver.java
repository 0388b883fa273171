package io.tallyman.system;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Executors;

/** A webhook receiver that remembers the bodies it got and always answers 200. */
final class Receiver implements AutoCloseable {

  private final HttpServer server;
  private final List<String> bodies = Collections.synchronizedList(new ArrayList<>());

  Receiver() throws IOException {
    this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext(
        "/",
        exchange -> {
          try (exchange) {
            bodies.add(
                new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
            exchange.sendResponseHeaders(200, -1);
          }
        });
    server.start();
  }

  String url() {
    return "http://127.0.0.1:%d/hook".formatted(server.getAddress().getPort());
  }

  /** Bodies that name this job, in the order of arrival. */
  List<String> bodiesOf(String job) {
    synchronized (bodies) {
      return bodies.stream().filter(body -> body.contains(job)).toList();
    }
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
