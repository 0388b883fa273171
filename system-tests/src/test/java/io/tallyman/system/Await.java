package io.tallyman.system;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Waits for a condition, with a deadline. */
final class Await {

  private static final long LOOK_AGAIN = Duration.ofMillis(20).toNanos();

  private Await() {}

  static void until(Duration limit, Supplier<String> otherwise, BooleanSupplier condition) {
    var giveUp = System.nanoTime() + limit.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > giveUp) {
        throw new AssertionError("after " + limit + ": " + otherwise.get());
      }
      LockSupport.parkNanos(LOOK_AGAIN);
    }
  }
}
