package io.tallyman.webhooks.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.runtime.endpoints.Endpoint.Success;
import io.tallyman.runtime.endpoints.Endpoint.Webhook;
import io.tallyman.webhooks.delivery.Outcome.Kind;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RetryAfterTest {

  private static final Instant NOW = Instant.parse("2026-11-24T10:00:00Z");

  /** Case 15: what a receiver may say, and the pause after it, with a delay of 10 s. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "30                              | 30",
        "1                               | 10",
        "0                               | 10",
        "3600                            | 60",
        "61                              | 60",
        "1000000000                      | 60",
        "999999999999999999              | 60",
        "99999999999999999999999999      | 10",
        "-5                              | 10",
        "1e9                             | 10",
        "abc                             | 10",
        "\"\"                            | 10",
        "1.5                             | 10",
        "30, 40                          | 10",
        "Tue, 24 Nov 2026 10:00:20 GMT   | 20",
        "Tue, 24 Nov 2026 09:00:00 GMT   | 10",
        "Tue, 24 Nov 2026 11:00:00 GMT   | 60",
        "Fri, 31 Dec 9999 23:59:59 GMT   | 60",
        "Fri, 31 Dec 999999999 23:59:59 GMT | 60",
        "2026-11-24T10:00:20Z            | 10",
      })
  void shouldPauseAsLongAsTheReceiverWantsWithinReason(String header, long seconds) {
    var outcome = Outcome.answered(503, Success.ONLY_200, "").retryAfter(header);

    assertThat(Pauses.after(Webhook.DEFAULT, 1, Optional.of(outcome), () -> NOW))
        .isEqualTo(Duration.ofSeconds(seconds));
  }

  @Test
  void shouldPauseByTheListOfTheEndpoint() {
    var rules =
        new Webhook(
            List.of(),
            Map.of(),
            5,
            List.of(Duration.ofSeconds(5), Duration.ofMinutes(1)),
            Duration.ofSeconds(10),
            Success.ONLY_200,
            Webhook.DEFAULT.events(),
            false,
            Optional.empty());

    assertThat(List.of(1, 2, 3, 4))
        .extracting(failures -> Pauses.after(rules, failures, Optional.empty(), () -> NOW))
        .containsExactly(
            Duration.ofSeconds(5),
            Duration.ofMinutes(1),
            Duration.ofMinutes(1),
            Duration.ofMinutes(1));
  }

  @Test
  void shouldNotWasteAnAttemptOnAnOpenCircuit() {
    var hasty =
        new Webhook(
            List.of(),
            Map.of(),
            5,
            List.of(Duration.ofMillis(10)),
            Duration.ofSeconds(10),
            Success.ONLY_200,
            Webhook.DEFAULT.events(),
            false,
            Optional.empty());

    assertThat(
            Pauses.after(hasty, 1, Optional.of(Outcome.failed(Kind.CIRCUIT_OPEN, "")), () -> NOW))
        .isEqualTo(Duration.ofSeconds(5));
  }
}
