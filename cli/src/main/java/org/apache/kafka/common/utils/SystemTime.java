package org.apache.kafka.common.utils;

import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.kafka.common.errors.TimeoutException;

/**
 * Takes the place of Kafka's class of this name, which reads the wall clock: in {@code tally.jar},
 * which comes first on the class path. Kafka's clients measure every wait, heartbeat and time limit
 * with {@link Time#SYSTEM} and offer no way to hand in another; when the machine's clock is set
 * back by an hour they stand still for an hour. This one begins at the wall clock and then follows
 * the monotonic one. See docs/adr/0007-no-wall-clock-below-us.md.
 */
class SystemTime implements Time {

  private static final SystemTime SYSTEM_TIME = new SystemTime();

  private final long beganAtMillis = System.currentTimeMillis();
  private final long beganAtNanos = System.nanoTime();

  private SystemTime() {}

  /** The one that {@link Time#SYSTEM} is. */
  public static SystemTime getSystemTime() {
    return SYSTEM_TIME;
  }

  @Override
  public long milliseconds() {
    return beganAtMillis + TimeUnit.NANOSECONDS.toMillis(nanoseconds() - beganAtNanos);
  }

  @Override
  public long nanoseconds() {
    return System.nanoTime();
  }

  @Override
  public void sleep(long millis) {
    Utils.sleep(millis);
  }

  @Override
  public void waitObject(Object object, Supplier<Boolean> condition, long deadline)
      throws InterruptedException {
    synchronized (object) {
      while (!condition.get()) {
        var left = deadline - milliseconds();
        if (left <= 0) {
          throw new TimeoutException("Condition not satisfied before deadline");
        }
        object.wait(left);
      }
    }
  }
}
