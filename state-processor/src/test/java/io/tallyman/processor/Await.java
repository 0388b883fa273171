package io.tallyman.processor;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** Waits for what must come true, up to a limit, and no longer than it takes. */
public final class Await {

  private static final Duration PAUSE = Duration.ofMillis(10);

  private Await() {}

  /** Repeats the assertion until it holds; after the limit it fails as it last did. */
  public static void until(Duration limit, Runnable assertion) {
    var giveUp = System.nanoTime() + limit.toNanos();
    while (true) {
      try {
        assertion.run();
        return;
      } catch (AssertionError e) {
        if (System.nanoTime() > giveUp) {
          throw new AssertionError("not within " + limit + ": " + e.getMessage(), e);
        }
        LockSupport.parkNanos(PAUSE.toNanos());
      }
    }
  }
}
