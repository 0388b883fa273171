package io.tallyman.runner.kafka;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** The wait between two tries of a loop, which ends at once when the runner stops. */
final class Pause {

  /** Long enough not to flood the log of a broken installation. */
  static final Duration LENGTH = Duration.ofSeconds(1);

  private final CountDownLatch ended = new CountDownLatch(1);

  /** Whether the runner stops. */
  boolean isEnded() {
    return ended.getCount() == 0;
  }

  /** Ends all pauses, now and later. */
  void end() {
    ended.countDown();
  }

  /** Waits for {@link #LENGTH}, or until the end. An interrupt counts as the end of this pause. */
  void await() {
    try {
      var _ = ended.await(LENGTH.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
