package io.tallyman.webhooks.resilience;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class TargetGuardsTest {

  private static final String TARGET = "https://a.test:443";
  private static final Duration TOOK = Duration.ofMillis(5);

  private final AtomicLong nanos = new AtomicLong(-1_000);
  private final TargetGuards guards = new TargetGuards(nanos::get);

  @Test
  void shouldOpenAfterFiveFailuresAndAskNobodyMeanwhile() {
    // when
    fail(5);

    // then
    assertThat(guards.ask(TARGET)).isEmpty();
    assertThat(guards.isOpen(TARGET)).isTrue();
    assertThat(guards.ask("https://b.test:443")).isPresent();
    assertThat(guards.isOpen("https://b.test:443")).isFalse();
  }

  @Test
  void shouldStayClosedWhenOneInThreeAnswers() {
    for (var i = 0; i < 30; i++) {
      guards.ask(TARGET).orElseThrow().used(i % 3 == 0, TOOK);
    }

    assertThat(guards.ask(TARGET)).isPresent();
  }

  @Test
  void shouldProbeWithOneRequestAndCloseWhenItIsAnswered() {
    // given
    fail(5);

    // when
    pass(TargetGuards.OPEN.plusMillis(1));

    // then
    var probe = guards.ask(TARGET).orElseThrow();
    assertThat(guards.ask(TARGET)).isEmpty();
    probe.used(true, TOOK);
    assertThat(guards.ask(TARGET)).isPresent();
    assertThat(guards.ask(TARGET)).isPresent();
  }

  @Test
  void shouldOpenAgainWhenTheProbeFails() {
    // given
    fail(5);
    pass(TargetGuards.OPEN.plusMillis(1));

    // when
    guards.ask(TARGET).orElseThrow().used(false, TOOK);

    // then
    assertThat(guards.ask(TARGET)).isEmpty();
    pass(TargetGuards.OPEN.plusMillis(1));
    assertThat(guards.ask(TARGET)).isPresent();
  }

  @Test
  void shouldProbeAgainWhenTheProbeWasNotUsed() {
    fail(5);
    pass(TargetGuards.OPEN.plusMillis(1));
    var probe = guards.ask(TARGET).orElseThrow();
    probe.unused();
    probe.used(false, TOOK);

    assertThat(guards.ask(TARGET)).isPresent();
  }

  @Test
  void shouldRevokeWhatItGaveBeforeTheCircuitOpened() {
    // given: one waits for a slot while five others fail
    var early = guards.ask(TARGET).orElseThrow();
    assertThat(early.isRevoked()).isFalse();
    fail(5);
    assertThat(early.isRevoked()).isTrue();

    // when: another probes, and the early one is given back
    pass(TargetGuards.OPEN.plusMillis(1));
    var probe = guards.ask(TARGET).orElseThrow();
    early.unused();

    // then: that makes no second probe
    assertThat(early.isRevoked()).isTrue();
    assertThat(probe.isRevoked()).isFalse();
    assertThat(guards.ask(TARGET)).isEmpty();
    probe.used(true, TOOK);
    assertThat(early.isRevoked()).isFalse();
  }

  @Test
  void shouldProbeAgainWhenAProbeHangs() {
    // given: half-open ends by real time, whatever the clock says
    var impatient = new TargetGuards(nanos::get, Duration.ofMillis(50));
    for (var i = 0; i < 5; i++) {
      impatient.ask(TARGET).orElseThrow().used(false, TOOK);
    }
    pass(TargetGuards.OPEN.plusMillis(1));

    // when: nothing is heard of the one that may ask
    var lost = impatient.ask(TARGET).orElseThrow();
    var until = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!impatient.isOpen(TARGET)) {
      assertThat(System.nanoTime()).as("30 s have passed").isLessThan(until);
      Thread.onSpinWait();
    }

    // then: the circuit is as open as before, and is probed as before
    assertThat(impatient.ask(TARGET)).isEmpty();
    pass(TargetGuards.OPEN.plusMillis(1));
    var next = impatient.ask(TARGET).orElseThrow();
    next.used(true, TOOK);
    assertThat(impatient.ask(TARGET)).isPresent();

    // and: what the lost one comes to in the end opens nothing
    lost.used(false, TOOK);
    assertThat(impatient.ask(TARGET)).isPresent();
  }

  @Test
  void shouldForgetTheLeastRecentTargetsAtItsBound() {
    for (var i = 0; i < 200_000; i++) {
      guards.ask("https://%d.test:443".formatted(i)).orElseThrow().used(true, TOOK);
    }

    assertThat(guards.size()).isEqualTo(10_000);
  }

  @Test
  void shouldSpreadRequestsOverTheSecond() {
    // when: a hundred want to go at once, five per second may
    var last = Duration.ZERO;
    for (var i = 0; i < 100; i++) {
      last = guards.reserve(TARGET, 5).orElseThrow();
    }

    // then: 99 steps of 200 ms
    assertThat(last).isBetween(Duration.ofSeconds(19), Duration.ofSeconds(20));
    assertThat(guards.reserve("https://b.test:443", 5)).contains(Duration.ZERO);
  }

  @Test
  void shouldTellToAskAgainWhenTheTurnIsFarAway() {
    for (var i = 0; i < 65; i++) {
      guards.reserve(TARGET, 1);
    }

    assertThat(guards.reserve(TARGET, 1)).isEmpty();
  }

  private void fail(int times) {
    for (var i = 0; i < times; i++) {
      guards.ask(TARGET).orElseThrow().used(false, TOOK);
    }
  }

  private void pass(Duration time) {
    nanos.addAndGet(time.toNanos());
  }
}
