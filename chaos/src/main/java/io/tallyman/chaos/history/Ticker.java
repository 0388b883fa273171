package io.tallyman.chaos.history;

import java.time.Instant;
import java.util.concurrent.TimeUnit;

/**
 * The one clock of a run, for every {@code at} of its history: the wall clock when it was made plus
 * the monotonic clock since, so it never goes back. Thread-safe.
 */
public final class Ticker {

  private final long startMicros;
  private final long startNanos = System.nanoTime();

  /**
   * @param start the wall clock now
   */
  public Ticker(Instant start) {
    this.startMicros =
        TimeUnit.SECONDS.toMicros(start.getEpochSecond())
            + TimeUnit.NANOSECONDS.toMicros(start.getNano());
  }

  /** Microseconds since the Unix epoch. */
  public long nowMicros() {
    return startMicros + TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - startNanos);
  }
}
