package io.tallyman.cli;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Lets Ctrl-C and SIGTERM end what the thread that made it is doing, at any moment: the thread is
 * interrupted, and the process waits until it has cleaned up and closed this.
 */
final class StopHook implements AutoCloseable {

  /**
   * Longest wait for the clean-up, which takes a second or two. After it the process ends all the
   * same, and the next one on the data folder clears up.
   */
  private static final Duration LIMIT = Duration.ofSeconds(10);

  private final Thread worker = Thread.currentThread();
  private final CountDownLatch cleanedUp = new CountDownLatch(1);
  private final Thread hook = new Thread(this::stop, "stop");
  private volatile boolean isRequested;

  StopHook() {
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /**
   * Ends the work when the process is told to end. To be called in loops around foreign code, which
   * may swallow an interrupt.
   */
  void check() throws InterruptedException {
    if (Thread.interrupted() || isRequested) {
      throw new InterruptedException("Told to stop");
    }
  }

  /** Returns when the process is told to end. */
  void await() throws InterruptedException {
    check();
    try {
      new CountDownLatch(1).await();
    } catch (InterruptedException e) {
      System.out.println("\nStopping …");
    }
  }

  @Override
  public void close() {
    cleanedUp.countDown();
    if (!isRequested) {
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException _) {
        // Told to end just now: the hook finds all cleaned up.
      }
    }
  }

  private void stop() {
    // In this order: who sees the request has had the interrupt, and can clean up undisturbed.
    worker.interrupt();
    isRequested = true;
    try {
      var _ = cleanedUp.await(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
