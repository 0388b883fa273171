package io.tallyman.webhooks.kafka;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * So many a second, evenly: who comes late has the turns of a short time at once, and no more. Not
 * thread-safe.
 */
final class Pace {

  private final LongSupplier nanoTime;
  private final long interval;
  private final long burst;

  /** When the next turn begins. */
  private long next;

  /**
   * A pace that begins now.
   *
   * @param nanoTime a monotonic clock, such as {@code System::nanoTime}
   * @param burst whose turns may be taken at once
   */
  Pace(LongSupplier nanoTime, int perSecond, Duration burst) {
    this.nanoTime = nanoTime;
    this.interval = TimeUnit.SECONDS.toNanos(1) / perSecond;
    this.burst = burst.toNanos();
    this.next = nanoTime.getAsLong();
  }

  /** Takes a turn if it has come. */
  boolean takeTurn() {
    var now = nanoTime.getAsLong();
    if (next - now > 0) {
      return false;
    }
    var earliest = now - burst;
    next = (next - earliest < 0 ? earliest : next) + interval;
    return true;
  }
}
