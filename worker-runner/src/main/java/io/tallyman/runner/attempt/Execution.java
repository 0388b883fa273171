package io.tallyman.runner.attempt;

import java.time.Duration;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** One attempt from its order to its durable report: the run, its time limit, what is told. */
final class Execution implements AutoCloseable {

  /** Why attempts are handed back when the runner stops. */
  static final String RUNNER_STOPPED = "runner_stopped: the runner is shutting down";

  /**
   * An attempt runs this much past its deadline before it is killed here. The state-processor ends
   * it at the deadline; this is for when its order does not arrive.
   */
  static final Duration GRACE = Duration.ofSeconds(2);

  private static final Logger LOG = LoggerFactory.getLogger(Execution.class);

  private final AttemptRuntime runtime;
  private final Reports reports;
  private final Level progress;
  private final ScheduledThreadPoolExecutor timers;

  Execution(AttemptRuntime runtime, Reports reports) {
    this.runtime = runtime;
    this.reports = reports;
    // A benchmark does nothing, thousands of times a second.
    this.progress = runtime.name().equals("noop") ? Level.DEBUG : Level.INFO;
    this.timers =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().name("attempt-timer").daemon().factory());
    timers.setRemoveOnCancelPolicy(true);
  }

  /**
   * Runs it on the caller's thread; returns when nothing of it runs and its report is durable.
   *
   * @param timeLeft until its deadline
   */
  void run(Attempt attempt, Held held, Duration timeLeft) throws InterruptedException {
    LOG.atLevel(progress)
        .log(
            "{}: {} on endpoint {}",
            attempt.id(),
            held.isOrphan ? "going on" : "running",
            held.endpoint.name());
    var began = System.nanoTime();
    var timer =
        timers.schedule(
            () -> {
              LOG.warn("{}: past its deadline; killing it", attempt.id());
              held.stop.request();
            },
            Math.max(0, timeLeft.plus(GRACE).toMillis()),
            TimeUnit.MILLISECONDS);
    try {
      var outcome = outcome(held, attempt);
      LOG.atLevel(progress)
          .log(
              "{}: {} after {} ms",
              attempt.id(),
              ending(outcome),
              Duration.ofNanos(System.nanoTime() - began).toMillis());
      report(held, attempt.id(), outcome);
    } finally {
      timer.cancel(false);
    }
  }

  private Outcome outcome(Held held, Attempt attempt) throws InterruptedException {
    try {
      var output = reports.output(attempt.id());
      return held.isOrphan
          ? runtime.resume(attempt, output, held.stop)
          : runtime.run(attempt, output, held.stop);
    } catch (RuntimeException e) {
      // The edge of the attempt: whatever broke, its job must hear of it, and the slot go on.
      LOG.error("{}: the runtime broke", attempt.id(), e);
      return new Outcome.Failed(
          FailureCode.RUNNER_ERROR, "Expected to run the attempt, but the runner failed");
    }
  }

  /** The code of a failure, but not its detail: that may quote what the job printed. */
  private static String ending(Outcome outcome) {
    return switch (outcome) {
      case Outcome.Succeeded _ -> "succeeded";
      case Outcome.Failed failed -> "failed with " + failed.code().wireName();
      case Outcome.Stopped() -> "stopped";
    };
  }

  private void report(Held held, AttemptId id, Outcome outcome) throws InterruptedException {
    switch (outcome) {
      case Outcome.Succeeded(var output) -> reports.complete(id, output);
      case Outcome.Failed failed -> reports.fail(id, failed.error());
      case Outcome.Stopped() -> {
        // Whoever gave the order to stop knows already; only a hand-back is news.
        if (held.isHandedBack) {
          reports.release(id, RUNNER_STOPPED);
        }
      }
    }
  }

  @Override
  public void close() {
    timers.shutdownNow();
  }
}
