package io.tallyman.chaos.record;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks that are taken again and again, each on a thread of its own, whatever becomes of those
 * before: what is looked at is broken on purpose. No thread is interrupted, for that would close
 * the file it writes to.
 */
final class Rounds {

  private static final Logger LOG = LoggerFactory.getLogger(Rounds.class);

  private final CountDownLatch stopping = new CountDownLatch(1);
  private final List<Thread> threads = new ArrayList<>();

  /** One look. */
  interface Look {
    void take() throws InterruptedException;
  }

  /** Begins to look, with a pause after each look. */
  void begin(String name, Duration pause, Look look) {
    threads.add(
        Thread.ofPlatform().daemon().name("chaos-" + name).start(() -> run(name, pause, look)));
  }

  /** No look begins any more. */
  void stop() {
    stopping.countDown();
  }

  /**
   * Waits for the looks that are being taken.
   *
   * @throws IllegalStateException when one does not end
   */
  void join(Duration patience) {
    try {
      for (var thread : threads) {
        if (!thread.join(patience)) {
          throw new IllegalStateException(
              "Expected the recorder %s to end within %s".formatted(thread.getName(), patience));
        }
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private void run(String name, Duration pause, Look look) {
    var wasWell = true;
    try {
      do {
        var isWell = true;
        try {
          look.take();
        } catch (RuntimeException e) {
          // The edge to a foreign program; what it throws is its own affair.
          isWell = false;
          if (wasWell && stopping.getCount() > 0) {
            LOG.info("{}: no look, going on: {}", name, e.toString());
          }
        }
        if (isWell && !wasWell) {
          LOG.info("{}: looks again", name);
        }
        wasWell = isWell;
      } while (!stopping.await(pause.toMillis(), TimeUnit.MILLISECONDS));
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
