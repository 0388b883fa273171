package io.tallyman.runtime.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tallyman.runtime.Service;
import io.tallyman.runtime.Service.Health;
import java.io.IOException;
import java.net.BindException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class HealthServerTest {

  private final AtomicReference<List<Health>> health = new AtomicReference<>(List.of());
  private final HttpClient client = HttpClient.newHttpClient();
  private HealthServer server;

  @BeforeEach
  void start() throws IOException {
    server =
        new HealthServer(
            0,
            new Service() {
              @Override
              public List<Health> health() {
                return health.get();
              }

              @Override
              public String metrics() {
                return "tally_x 1.0\n";
              }

              @Override
              public void close() {}
            });
  }

  @AfterEach
  void stop() {
    server.close();
    client.close();
  }

  @Test
  void shouldBeReadyWhenEveryDependencyIs() throws IOException, InterruptedException {
    health.set(List.of(Health.ready("kafka", "connected"), Health.ready("redis", "PONG")));

    var answer = get("/readyz");

    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo("kafka ready: connected\nredis ready: PONG\n");
    assertThat(answer.headers().firstValue("content-type")).contains("text/plain; charset=utf-8");
  }

  @Test
  void shouldShowTheNumbersOfTheService() throws IOException, InterruptedException {
    var answer = get("/metrics");

    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo("tally_x 1.0\n");
  }

  @Test
  void shouldNameTheDependencyThatIsNotReady() throws IOException, InterruptedException {
    health.set(
        List.of(
            Health.ready("kafka", "connected"), Health.notReady("redis", "refused; trying again")));

    var answer = get("/readyz");

    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(answer.body())
        .isEqualTo("kafka ready: connected\nredis NOT READY: refused; trying again\n");
  }

  @Test
  void shouldBeAliveWhenNoDependencyIs() throws IOException, InterruptedException {
    health.set(List.of(Health.notReady("kafka", "refused")));

    assertThat(get("/livez").statusCode()).isEqualTo(200);
  }

  @Test
  void shouldFollowTheServiceFromNotReadyToReady() throws IOException, InterruptedException {
    health.set(List.of(Health.notReady("kafka", "refused")));
    assertThat(get("/readyz").statusCode()).isEqualTo(503);

    health.set(List.of(Health.ready("kafka", "connected")));
    assertThat(get("/readyz").statusCode()).isEqualTo(200);
  }

  @Test
  void shouldKnowNoOtherPath() throws IOException, InterruptedException {
    assertThat(get("/").statusCode()).isEqualTo(404);
  }

  @Test
  void shouldSayThatThePortIsTaken() {
    assertThatThrownBy(() -> new HealthServer(server.port(), nobody()).close())
        .isInstanceOf(BindException.class);
  }

  private static Service nobody() {
    return new Service() {
      @Override
      public List<Health> health() {
        return List.of();
      }

      @Override
      public void close() {}
    };
  }

  private HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return client.send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path)).build(),
        BodyHandlers.ofString());
  }
}
