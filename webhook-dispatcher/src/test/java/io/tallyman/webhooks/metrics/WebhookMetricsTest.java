package io.tallyman.webhooks.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.webhooks.delivery.Outcome.Kind;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class WebhookMetricsTest {

  @Test
  void shouldCountInPrometheusText() {
    try (var metrics = new WebhookMetrics()) {
      // when
      metrics.gauge("pending", "Deliveries that are not terminal", () -> 7);
      metrics.attempted(Kind.DELIVERED, Duration.ofMillis(20));
      metrics.attempted(Kind.TIMEOUT, Duration.ofSeconds(10));
      metrics.began(Duration.ofMillis(-3));
      metrics.delivered(Duration.ofMillis(30));
      metrics.gaveUp("timeout");
      metrics.gaveUp("of a later version");

      // then
      assertThat(metrics.text().lines())
          .contains(
              "tally_webhook_pending 7.0",
              "tally_webhook_attempt_seconds_count{outcome=\"delivered\"} 1",
              "tally_webhook_attempt_seconds_count{outcome=\"timeout\"} 1",
              "tally_webhook_attempt_seconds_count{outcome=\"dns\"} 0",
              "tally_webhook_attempt_seconds_bucket{outcome=\"delivered\",le=\"0.025\"} 1",
              "tally_webhook_first_attempt_seconds_count 1",
              "tally_webhook_delivered_seconds_count 1",
              "tally_webhook_dead_letters_total{outcome=\"timeout\"} 1.0");
    }
  }

  @Test
  void shouldHaveAsManySeriesAfterAMillionAsBefore() {
    try (var metrics = new WebhookMetrics()) {
      // given
      var before = metrics.text().lines().count();

      // when
      for (var i = 0; i < 1_000_000; i += Kind.values().length) {
        for (var kind : Kind.values()) {
          metrics.attempted(kind, Duration.ofNanos(i));
        }
      }

      // then: no label by host or job
      assertThat(metrics.text().lines().count()).isEqualTo(before);
      assertThat(labels(metrics)).containsExactlyInAnyOrder("outcome", "le");
    }
  }

  private static Stream<String> labels(WebhookMetrics metrics) {
    return metrics
        .text()
        .lines()
        .filter(line -> line.contains("{"))
        .flatMap(
            line ->
                Stream.of(line.substring(line.indexOf('{') + 1, line.indexOf('}')).split(","))
                    .map(label -> label.substring(0, label.indexOf('='))))
        .distinct();
  }
}
