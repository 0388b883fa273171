package io.tallyman.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class SteadyClockTest {

  @Test
  void shouldGoOnFromItsBeginningByTheMonotonicClock() {
    // given a monotonic clock, which may begin anywhere
    var began = Instant.parse("2026-11-25T10:00:00Z");
    var nanos = new AtomicLong(-7);
    var clock = SteadyClock.beginningAt(began, nanos::get);
    assertThat(clock.instant()).isEqualTo(began);

    // when
    nanos.addAndGet(1_500_000_000);

    // then
    assertThat(clock.instant()).isEqualTo(began.plusMillis(1_500));
    assertThat(clock.millis()).isEqualTo(began.toEpochMilli() + 1_500);
  }
}
