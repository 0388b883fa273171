package io.tallyman.runner.attempt;

import io.tallyman.schemas.job.RawJson;

/** What a runner tells the state-processor about its attempts. Thread-safe. */
public interface Reports {

  /**
   * Reports the success of an attempt; returns when the report is durable.
   *
   * @throws InterruptedException when told to stop waiting; the report may be lost
   */
  void complete(AttemptId id, RawJson output) throws InterruptedException;

  /**
   * Reports the failure of an attempt; returns when the report is durable.
   *
   * @param error {@code code: sentence}
   * @throws InterruptedException when told to stop waiting; the report may be lost
   */
  void fail(AttemptId id, String error) throws InterruptedException;

  /**
   * Hands an attempt back. Does not wait.
   *
   * @param reason {@code code: sentence}
   */
  void release(AttemptId id, String reason);

  /**
   * Hands back an attempt that an earlier process of this runner ran, and that is dead now. Does
   * not wait.
   *
   * @param reason {@code code: sentence}
   */
  void lost(AttemptId id, String reason);

  /**
   * Renews the lease on a running attempt. Does not wait.
   *
   * @param renewed called, on any thread, when that is durable
   */
  void renew(AttemptId id, Runnable renewed);

  /** Asks again whether a taken attempt may run. Does not wait. */
  void startAgain(AttemptId id);

  /** Where the attempt's output goes. */
  OutputSink output(AttemptId id);
}
