package io.tallyman.schemas.job;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * What happened to a job: the value of a record on {@code job-events}, the log. An event carries
 * the whole fact with every number computed, so that each alone tells the job's state ({@link
 * JobView#of}) and no reader has to know the policy that led to it.
 */
public sealed interface JobEvent {

  /** Which job, which position, when, who. */
  EventMeta meta();

  /** State the job is in from this event on. Written into the JSON for readers' comfort. */
  default JobStatus status() {
    return switch (this) {
      case JobQueued _, JobRequeued _ -> JobStatus.IN_QUEUE;
      case JobStarted _ -> JobStatus.IN_PROGRESS;
      case JobCompleted _ -> JobStatus.COMPLETED;
      case JobFailed _ -> JobStatus.FAILED;
      case JobCancelled _ -> JobStatus.CANCELLED;
      case JobTimedOut _ -> JobStatus.TIMED_OUT;
    };
  }

  /**
   * The job exists and waits for a runner.
   *
   * @param request what was asked for
   * @param expiresAt when {@code ttl} ends it
   */
  record JobQueued(EventMeta meta, JobRequest request, Instant expiresAt) implements JobEvent {}

  /**
   * A runner runs the attempt.
   *
   * @param delayTime from queued to started, ms on the wire
   * @param deadline when the attempt is ended: the earlier of {@code executionTimeout} and {@code
   *     ttl}
   */
  record JobStarted(EventMeta meta, RunnerId runner, Duration delayTime, Instant deadline)
      implements JobEvent {}

  /**
   * The attempt did not finish, or the job was retried: it waits again, as {@code meta.attempt}.
   *
   * @param reason stable code, colon, one sentence: {@code runner_stopped: …}, {@code retried: …}
   * @param expiresAt when {@code ttl} ends it
   */
  record JobRequeued(EventMeta meta, String reason, Instant expiresAt) implements JobEvent {}

  /** The container succeeded. */
  record JobCompleted(EventMeta meta, Run run, RawJson output) implements JobEvent {}

  /**
   * The container, or what it needed, failed.
   *
   * @param error stable code, colon, one sentence
   */
  record JobFailed(EventMeta meta, Run run, String error) implements JobEvent {}

  /**
   * Somebody cancelled it.
   *
   * @param run empty when it never started
   */
  record JobCancelled(EventMeta meta, Optional<Run> run) implements JobEvent {}

  /**
   * A time limit ended it.
   *
   * @param run empty when it never started
   * @param error stable code, colon, one sentence: {@code execution_timeout: …} or {@code ttl: …}
   */
  record JobTimedOut(EventMeta meta, Optional<Run> run, String error) implements JobEvent {}

  /**
   * How the last attempt ran.
   *
   * @param runner who ran it
   * @param delayTime from queued to started, ms on the wire
   * @param executionTime from started to the end, ms on the wire
   */
  record Run(RunnerId runner, Duration delayTime, Duration executionTime) {}
}
