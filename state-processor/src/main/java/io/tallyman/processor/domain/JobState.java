package io.tallyman.processor.domain;

import io.tallyman.schemas.job.JobEvent.Run;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobRequest;
import io.tallyman.schemas.job.JobStatus;
import io.tallyman.schemas.job.RunnerId;
import java.time.Duration;
import java.time.Instant;

/** Where a job stands, with just what the rules need there. */
public sealed interface JobState {

  /** Never submitted, or forgotten. */
  record Absent() implements JobState {}

  /**
   * Waits for a runner.
   *
   * @param firstAttempt the first since the submission or the latest Retry
   */
  record Queued(
      JobId id,
      JobRequest request,
      long sequence,
      int attempt,
      int firstAttempt,
      Instant queuedAt,
      Instant expiresAt)
      implements JobState {}

  /**
   * A runner runs it.
   *
   * @param leaseUntil when the runner is taken for dead unless it renews. Beside the log, which
   *     alone says the deadline
   */
  record Running(
      JobId id,
      JobRequest request,
      long sequence,
      int attempt,
      int firstAttempt,
      RunnerId runner,
      Instant startedAt,
      Duration delayTime,
      Instant expiresAt,
      Instant deadline,
      Instant leaseUntil)
      implements JobState {

    Running leasedUntil(Instant until) {
      return new Running(
          id,
          request,
          sequence,
          attempt,
          firstAttempt,
          runner,
          startedAt,
          delayTime,
          expiresAt,
          deadline,
          until);
    }

    /** How many attempts there were since the submission or the latest Retry, with this one. */
    int attempts() {
      return attempt - firstAttempt + 1;
    }

    /** How the attempt ran, if it ends at this moment. */
    Run until(Instant end) {
      return new Run(runner, delayTime, elapsed(startedAt, end));
    }
  }

  /** FAILED or TIMED_OUT; a Retry can queue it again, so the request is kept. */
  record Retryable(
      JobId id, JobRequest request, JobStatus status, long sequence, int attempt, Instant endedAt)
      implements JobState {}

  /**
   * COMPLETED or CANCELLED: nothing leads out. Kept so that a late repeat is told from a new job.
   */
  record Ended(JobId id, String fingerprint, JobStatus status, Instant endedAt)
      implements JobState {}

  /** Time from one moment to a later one; zero when the broker's clock was set back in between. */
  static Duration elapsed(Instant from, Instant to) {
    return to.isBefore(from) ? Duration.ZERO : Duration.between(from, to);
  }
}
