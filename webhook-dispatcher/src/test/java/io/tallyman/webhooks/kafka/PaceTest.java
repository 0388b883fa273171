package io.tallyman.webhooks.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class PaceTest {

  private static final Duration BURST = Duration.ofMillis(100);

  /** Near the end of what a long holds: such a clock may begin anywhere. */
  private long now = Long.MAX_VALUE - Duration.ofMillis(500).toNanos();

  private final Pace pace = new Pace(() -> now, 1_000, BURST);

  @Test
  void shouldGiveOneTurnAMillisecond() {
    assertThat(turns()).isEqualTo(1);
    pass(Duration.ofMillis(1));
    assertThat(turns()).isEqualTo(1);
    pass(Duration.ofNanos(999_999));
    assertThat(turns()).isZero();
    pass(Duration.ofNanos(1));
    assertThat(turns()).isEqualTo(1);
  }

  @Test
  void shouldGiveTheTurnsOfOneBurstAtOnceAndNoMoreToWhoComesLate() {
    pass(Duration.ofHours(1));

    assertThat(turns()).isEqualTo(101);
  }

  @Test
  void shouldGiveAThousandASecondHoweverOftenItIsAsked() {
    turns();
    var taken = 0;
    for (var i = 0; i < 10; i++) {
      pass(BURST);
      taken += turns();
    }

    assertThat(taken).isEqualTo(1_000);
  }

  private int turns() {
    var turns = 0;
    while (pace.takeTurn()) {
      turns++;
    }
    return turns;
  }

  private void pass(Duration time) {
    now += time.toNanos();
  }
}
