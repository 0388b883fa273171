package io.tallyman.processor.domain;

import io.tallyman.processor.domain.JobState.Absent;
import io.tallyman.processor.domain.JobState.Ended;
import io.tallyman.processor.domain.JobState.Queued;
import io.tallyman.processor.domain.JobState.Retryable;
import io.tallyman.processor.domain.JobState.Running;
import io.tallyman.schemas.job.EventMeta;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobEvent.JobCancelled;
import io.tallyman.schemas.job.JobEvent.JobCompleted;
import io.tallyman.schemas.job.JobEvent.JobFailed;
import io.tallyman.schemas.job.JobEvent.JobQueued;
import io.tallyman.schemas.job.JobEvent.JobRequeued;
import io.tallyman.schemas.job.JobEvent.JobStarted;
import io.tallyman.schemas.job.JobEvent.JobTimedOut;
import io.tallyman.schemas.job.JobRequest;
import java.time.Instant;

/** Applies facts to a job's state, and computes nothing: every number is in the event. */
final class JobEvolution {

  private JobEvolution() {}

  /**
   * The state after an event that {@link JobDecider#decide} gave for it.
   *
   * @throws IllegalStateException when the event cannot follow the state: the log is corrupt
   */
  static JobState evolve(JobState state, JobEvent event) {
    var meta = event.meta();
    return switch (event) {
      case JobQueued(_, var request, var expiresAt) when state instanceof Absent ->
          new Queued(
              meta.jobId(),
              request,
              meta.sequence(),
              meta.attempt(),
              meta.attempt(),
              meta.time(),
              expiresAt);
      case JobStarted(_, var runner, var delayTime, var deadline) when state instanceof Queued q ->
          new Running(
              q.id(),
              q.request(),
              meta.sequence(),
              meta.attempt(),
              q.firstAttempt(),
              runner,
              meta.time(),
              delayTime,
              q.expiresAt(),
              deadline,
              deadline);
      case JobRequeued(_, _, var expiresAt) when state instanceof Running running ->
          queued(running.request(), meta, running.firstAttempt(), expiresAt);
      case JobRequeued(_, _, var expiresAt) when state instanceof Retryable ended ->
          queued(ended.request(), meta, meta.attempt(), expiresAt);
      case JobCompleted _ when state instanceof Running running ->
          new Ended(meta.jobId(), running.request().fingerprint(), event.status(), meta.time());
      case JobCancelled _ when state instanceof Running running ->
          new Ended(meta.jobId(), running.request().fingerprint(), event.status(), meta.time());
      case JobCancelled _ when state instanceof Queued queued ->
          new Ended(meta.jobId(), queued.request().fingerprint(), event.status(), meta.time());
      case JobFailed _ when state instanceof Running running -> retryable(running.request(), event);
      case JobTimedOut _ when state instanceof Running running ->
          retryable(running.request(), event);
      case JobTimedOut _ when state instanceof Queued queued -> retryable(queued.request(), event);
      case JobQueued _,
          JobStarted _,
          JobRequeued _,
          JobCompleted _,
          JobFailed _,
          JobCancelled _,
          JobTimedOut _ ->
          throw new IllegalStateException(
              "Log is corrupt: %s of job '%s' cannot follow %s"
                  .formatted(
                      event.getClass().getSimpleName(),
                      meta.jobId(),
                      state.getClass().getSimpleName()));
    };
  }

  private static JobState queued(
      JobRequest request, EventMeta meta, int firstAttempt, Instant expiresAt) {
    return new Queued(
        meta.jobId(),
        request,
        meta.sequence(),
        meta.attempt(),
        firstAttempt,
        meta.time(),
        expiresAt);
  }

  private static JobState retryable(JobRequest request, JobEvent event) {
    var meta = event.meta();
    return new Retryable(
        meta.jobId(), request, event.status(), meta.sequence(), meta.attempt(), meta.time());
  }
}
