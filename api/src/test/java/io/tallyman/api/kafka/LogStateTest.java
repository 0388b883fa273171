package io.tallyman.api.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.runtime.Service.Health;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class LogStateTest {

  private long now = Long.MAX_VALUE - 1_000; // It may overflow: System.nanoTime() may.
  private final LogState state = new LogState(() -> now);

  @Test
  void shouldNotBeCurrentBeforeTheEndOfTheLogIsReadHoweverNearItIs() {
    assertThat(state.isCurrent()).isFalse();

    state.answered(now, 1);
    assertThat(state.isCurrent()).isFalse();
    assertThat(state.health()).extracting(Health::isReady).containsExactly(true, false);

    state.read(now);
    assertThat(state.isCurrent()).isTrue();
    assertThat(state.health()).extracting(Health::isReady).containsExactly(true, true);
  }

  @Test
  void shouldStayCurrentWhileItFollowsABusyLog() {
    for (var second = 0; second < 100; second++) {
      state.answered(now, 5_000);
      if (second % 5 == 0) {
        state.read(now);
      }
      assertThat(state.isCurrent()).as("after %d s", second).isTrue();
      pass(Duration.ofSeconds(1));
    }
  }

  @Test
  void shouldNotBeCurrentAfterAnOutageBeforeItHasReadWhatWasWrittenMeanwhile() {
    state.answered(now, 0);
    state.read(now);

    pass(Duration.ofHours(2));
    assertThat(state.isCurrent()).as("while Kafka is silent").isFalse();
    assertThat(state.health()).extracting(Health::isReady).containsExactly(false, true);

    state.answered(now, 3);
    assertThat(state.isCurrent()).as("with three events to read").isFalse();
    assertThat(state.health()).extracting(Health::isReady).containsExactly(true, false);

    state.read(now);
    assertThat(state.isCurrent()).isTrue();
  }

  @Test
  void shouldNotBeCurrentWhenTheIndexBeginsAnew() {
    state.answered(now, 0);
    state.read(now);

    state.restarted();

    assertThat(state.isCurrent()).isFalse();
  }

  private void pass(Duration time) {
    now += time.toNanos();
  }
}
