package io.tallyman.chaos.cluster;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** Waiting for what other processes do. */
public final class Await {

  private static final long LOOK_AGAIN_NANOS = Duration.ofMillis(100).toNanos();

  /** A look that takes a while and may be told to stop. */
  @FunctionalInterface
  public interface Condition {
    boolean holds() throws InterruptedException;
  }

  private Await() {}

  /**
   * Waits until the condition holds, but no longer than the limit.
   *
   * @return whether it held in time
   * @throws InterruptedException when told to stop waiting
   */
  public static boolean until(Duration limit, Condition condition) throws InterruptedException {
    var giveUp = System.nanoTime() + limit.toNanos();
    while (!condition.holds()) {
      if (System.nanoTime() > giveUp) {
        return false;
      }
      LockSupport.parkNanos(LOOK_AGAIN_NANOS);
      if (Thread.interrupted()) {
        throw new InterruptedException("Told to stop waiting");
      }
    }
    return true;
  }

  /** Returns after that time, or earlier when told to stop. */
  public static void pause(Duration time) throws InterruptedException {
    var end = System.nanoTime() + time.toNanos();
    for (var left = time.toNanos(); left > 0; left = end - System.nanoTime()) {
      LockSupport.parkNanos(left);
      if (Thread.interrupted()) {
        throw new InterruptedException("Told to stop waiting");
      }
    }
  }
}
