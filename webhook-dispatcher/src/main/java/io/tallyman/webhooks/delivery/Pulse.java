package io.tallyman.webhooks.delivery;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Whether this process was in touch with its group lately. One that was frozen for longer than its
 * session, or cut off from Kafka, is a zombie: its partitions are another's, it has not heard of
 * that yet, and the timers of its sleeping deliveries are all due. So nothing is sent until the
 * group has answered again: what was sent to it proves nothing. Thread-safe; {@link #polled} is for
 * the one thread that polls.
 */
public final class Pulse {

  private final LongSupplier nanoTime;
  private final long limit;
  private volatile long last;
  private long previous;
  private double heard;

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
    this.previous = last;
  }

  /**
   * The group was polled. An answer that is new counts from when the poll before began, because it
   * came after that, and not from now: the process may have been frozen in between. And only when
   * this poll has ended: if the answer was that we are no member any more, it has heeded it.
   *
   * @param began when the poll began, by the same clock
   * @param answers heartbeats that the group had answered by then; begins again at 0 with a new
   *     connection
   */
  public void polled(long began, double answers) {
    if (answers > heard) {
      last = previous;
    }
    heard = answers;
    previous = began;
  }

  /** Whether what was ours at the last beat may be taken for ours. */
  public boolean isAlive() {
    return nanoTime.getAsLong() - last < limit;
  }
}
