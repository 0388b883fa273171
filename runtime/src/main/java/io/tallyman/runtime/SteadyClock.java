package io.tallyman.runtime;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.function.LongSupplier;

/**
 * A clock that nobody sets: it begins at the wall clock's time and follows the monotonic one. For
 * ages, intervals and time limits; what a person or a receiver reads as the time of day is the wall
 * clock's.
 */
public final class SteadyClock implements InstantSource {

  private final Instant began;
  private final LongSupplier nanos;
  private final long beganAtNanos;

  private SteadyClock(Instant began, LongSupplier nanos) {
    this.began = began;
    this.nanos = nanos;
    this.beganAtNanos = nanos.getAsLong();
  }

  /** One that begins now. */
  public static SteadyClock beginningAt(Instant now) {
    return new SteadyClock(now, System::nanoTime);
  }

  /** The same, with a monotonic clock of the caller's. */
  static SteadyClock beginningAt(Instant now, LongSupplier nanos) {
    return new SteadyClock(now, nanos);
  }

  @Override
  public Instant instant() {
    return began.plus(Duration.ofNanos(nanos.getAsLong() - beganAtNanos));
  }
}
