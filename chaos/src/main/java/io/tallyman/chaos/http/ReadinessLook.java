package io.tallyman.chaos.http;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/** Asks services whether they are ready. Thread-safe. */
public final class ReadinessLook implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofSeconds(2);

  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(1))
          .build();

  /**
   * What a service said.
   *
   * @param status 0 for no answer
   * @param body of the answer, or the kind of the failure
   */
  public record Readiness(int status, String body) {}

  /**
   * Asks {@code /readyz}; answers within 2 s.
   *
   * @param base such as {@code http://127.0.0.1:40001}
   */
  public Readiness ask(URI base) throws InterruptedException {
    try {
      var answer =
          http.send(
              HttpRequest.newBuilder(base.resolve("/readyz")).timeout(PATIENCE).build(),
              BodyHandlers.ofString());
      return new Readiness(answer.statusCode(), answer.body());
    } catch (IOException e) {
      return new Readiness(0, e.toString());
    }
  }

  @Override
  public void close() {
    http.shutdownNow();
  }
}
