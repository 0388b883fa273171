package io.tallyman.api.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.api.http.ApiServer.Listen;
import io.tallyman.api.jobs.Jobs;
import io.tallyman.runtime.endpoints.Endpoints;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ApiServerTest {

  @Test
  @SuppressWarnings("NullAway") // No route that is called here has to do with jobs.
  void shouldAnswerAnErrorOfTheMachineWithAProblemToo() {
    try (var server =
            new ApiServer(
                new Listen("127.0.0.1", 0, Duration.ofSeconds(2)),
                ApiKeys.none(),
                new Jobs(Endpoints.builtIn(), null, null, null, null, null, null, null),
                () -> {
                  throw new StackOverflowError("secret");
                });
        var client = new Client(server.port())) {

      var answer = client.get("/readyz");

      assertThat(answer.status()).isEqualTo(500);
      assertThat(answer.header("Content-Type")).isEqualTo("application/problem+json");
      assertThat(answer.problem().type()).isEqualTo("urn:tallyman:problem:internal-error");
      assertThat(answer.problem().instance()).isEqualTo("/readyz");
      assertThat(answer.body()).doesNotContain("secret", "StackOverflow");
      assertThat(client.get("/livez").status()).isEqualTo(200);
    }
  }
}
