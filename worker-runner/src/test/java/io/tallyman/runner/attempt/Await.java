package io.tallyman.runner.attempt;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for what must come true soon. */
public final class Await {

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private Await() {}

  /** Fails with the sentence when the condition does not hold within half a minute. */
  public static void until(String what, BooleanSupplier condition) {
    var deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("Expected within %s: %s".formatted(PATIENCE, what));
      }
      LockSupport.parkNanos(10_000_000);
    }
  }
}
