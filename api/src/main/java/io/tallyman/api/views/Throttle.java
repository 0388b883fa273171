package io.tallyman.api.views;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/** Says a thing at most once per interval, so that a lasting trouble does not fill the log. */
public final class Throttle {

  private final InstantSource clock;
  private final Duration interval;
  private Instant next = Instant.MIN;

  /** Due at once, then never before the interval has passed. */
  public Throttle(InstantSource clock, Duration interval) {
    this.clock = clock;
    this.interval = interval;
  }

  /** Whether it may be said now; the answer true starts the interval. */
  public synchronized boolean isDue() {
    var now = clock.instant();
    if (now.isBefore(next)) {
      return false;
    }
    next = now.plus(interval);
    return true;
  }
}
