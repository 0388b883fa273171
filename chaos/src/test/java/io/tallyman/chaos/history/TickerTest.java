package io.tallyman.chaos.history;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class TickerTest {

  @Test
  void shouldBeginAtTheWallClockAndNeverGoBack() {
    // given
    var ticker = new Ticker(Instant.parse("2026-01-01T00:00:00.000001Z"));

    // when
    var first = ticker.nowMicros();
    var second = ticker.nowMicros();

    // then
    assertThat(first)
        .isBetween(
            1_767_225_600_000_001L,
            1_767_225_600_000_001L + Duration.ofMinutes(1).toMillis() * 1000);
    assertThat(second).isGreaterThanOrEqualTo(first);
  }
}
