package io.tallyman.webhooks.delivery;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Whether this process was in touch with its group lately. One that was frozen for longer than its
 * session wakes up as a zombie: its partitions are another's, it has not heard of that yet, and the
 * timers of its sleeping deliveries are all due. So nothing is sent until the group was polled
 * again. Thread-safe.
 */
public final class Pulse {

  private final LongSupplier nanoTime;
  private final long limit;
  private volatile long last;

  /**
   * A pulse that beats now.
   *
   * @param nanoTime a monotonic clock that goes on while the process is frozen, such as {@code
   *     System::nanoTime}
   * @param limit the group's session
   */
  public Pulse(LongSupplier nanoTime, Duration limit) {
    this.nanoTime = nanoTime;
    this.limit = limit.toNanos();
    this.last = nanoTime.getAsLong();
  }

  /** The group was polled, and heartbeats go out. */
  public void beat() {
    last = nanoTime.getAsLong();
  }

  /** Whether what was ours at the last beat may be taken for ours. */
  boolean isAlive() {
    return nanoTime.getAsLong() - last < limit;
  }
}
