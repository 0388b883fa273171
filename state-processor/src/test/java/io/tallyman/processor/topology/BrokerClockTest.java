package io.tallyman.processor.topology;

import static io.tallyman.processor.Jobs.T0;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class BrokerClockTest {

  private static final Duration HOUR = Duration.ofHours(1);

  private final BrokerClock clock = new BrokerClock();

  @Test
  void shouldKnowNoTimeBeforeTheFirstRecord() {
    assertThat(clock.now(5)).isEmpty();
  }

  @Test
  void shouldGoOnFromTheLastRecordByTheMonotonicClock() {
    clock.raise(T0, 1_000);

    assertThat(clock.now(1_000)).contains(T0);
    assertThat(clock.now(3_500)).contains(T0.plusMillis(2_500));
  }

  @Test
  void shouldBeRaisedByALaterRecordAlone() {
    clock.raise(T0, 0);
    clock.raise(T0.plusMillis(10), 100);
    assertThat(clock.now(100)).as("it waited to be read").contains(T0.plusMillis(100));

    clock.raise(T0.plus(HOUR), 200);
    assertThat(clock.now(201)).contains(T0.plus(HOUR).plusMillis(1));
  }

  @Test
  void shouldGoBackWhenATimerWasEarly() {
    clock.raise(T0.plus(HOUR), 0);

    clock.set(T0, 100);

    assertThat(clock.now(101)).contains(T0.plusMillis(1));
  }

  @Test
  void shouldAskOnceAtTheStartWhateverIsReadFromABacklog() {
    clock.raise(T0, 0);
    assertThat(clock.mustAsk(0)).isTrue();

    clock.asked("it");
    clock.raise(T0, 1);
    clock.answered(Optional.of("another"));
    clock.answered(Optional.empty());
    assertThat(clock.mustAsk(1)).as("not answered yet").isFalse();

    clock.answered(Optional.of("it"));
    assertThat(clock.mustAsk(1)).isFalse();
  }

  @Test
  void shouldAskAgainWhenNothingWasReadForAWhile() {
    var silence = BrokerClock.SILENCE.toMillis();
    clock.raise(T0, 0);
    clock.asked("it");
    clock.raise(T0, 0);
    clock.answered(Optional.of("it"));

    assertThat(clock.mustAsk(silence - 1)).isFalse();
    assertThat(clock.mustAsk(silence)).isTrue();
    clock.raise(T0, silence);
    assertThat(clock.mustAsk(silence)).isFalse();
  }
}
