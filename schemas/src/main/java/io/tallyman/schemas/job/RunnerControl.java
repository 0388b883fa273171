package io.tallyman.schemas.job;

import java.time.Instant;

/** What the state-processor tells one runner: the value of a record on {@code job-control}. */
public sealed interface RunnerControl {

  /** The runner meant; also the record's key. */
  RunnerId runner();

  /** The job meant. */
  JobId jobId();

  /** The attempt meant. */
  int attempt();

  /**
   * The Start was accepted: run the attempt.
   *
   * @param deadline when the attempt ends at the latest, by the broker's clock
   * @param leaseUntil when another runner may get the job unless the lease is renewed before, by
   *     the broker's clock: one lease after the Start
   */
  record Run(RunnerId runner, JobId jobId, int attempt, Instant deadline, Instant leaseUntil)
      implements RunnerControl {}

  /**
   * Do not run this attempt, or stop its container: it was cancelled, timed out, or is not the
   * current one.
   *
   * @param reason one sentence
   */
  record Stop(RunnerId runner, JobId jobId, int attempt, String reason) implements RunnerControl {}
}
