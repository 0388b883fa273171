package io.tallyman.webhooks.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class PulseTest {

  private static final Duration SESSION = Duration.ofSeconds(10);
  private static final Duration POLL = Duration.ofMillis(100);

  private final AtomicLong nanos = new AtomicLong(-5);
  private final Pulse pulse = new Pulse(nanos::get, SESSION);
  private int answers;

  @Test
  void shouldBeAliveAsLongAsTheGroupAnswers() {
    for (var i = 0; i < 20; i++) {
      answers++;
      poll(20);

      assertThat(pulse.isAlive()).isTrue();
    }
  }

  /** Cut off, it polls as ever, and its heartbeats go out. */
  @Test
  void shouldEndASessionAfterTheLastAnswer() {
    answers++;
    poll(2);

    poll(90);
    assertThat(pulse.isAlive()).isTrue();
    poll(10);
    assertThat(pulse.isAlive()).isFalse();

    answers++;
    poll(1);
    assertThat(pulse.isAlive()).isTrue();
  }

  /** The answer lay there while the process was frozen. */
  @Test
  void shouldNotTakeAnAnswerFromBeforeAFreezeForANewOne() {
    answers++;
    poll(5);

    nanos.addAndGet(SESSION.toNanos());
    answers++;
    poll(1);
    assertThat(pulse.isAlive()).isFalse();

    answers++;
    poll(1);
    assertThat(pulse.isAlive()).isTrue();
  }

  @Test
  void shouldNotTakeANewCountForAnAnswer() {
    answers = 700;
    poll(5);

    answers = 0;
    poll(101);
    assertThat(pulse.isAlive()).isFalse();

    answers++;
    poll(1);
    assertThat(pulse.isAlive()).isTrue();
  }

  private void poll(int times) {
    for (var i = 0; i < times; i++) {
      var began = nanos.getAndAdd(POLL.toNanos());
      pulse.polled(began, answers);
    }
  }
}
