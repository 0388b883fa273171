package io.tallyman.processor.simulation;

import io.tallyman.processor.Jobs;
import io.tallyman.processor.domain.JobState;
import io.tallyman.schemas.job.JobCommand;
import io.tallyman.schemas.job.JobCommand.Complete;
import io.tallyman.schemas.job.JobCommand.Fail;
import io.tallyman.schemas.job.JobCommand.Release;
import io.tallyman.schemas.job.JobCommand.Renew;
import io.tallyman.schemas.job.JobCommand.Retry;
import io.tallyman.schemas.job.JobCommand.Start;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobEvent.JobCancelled;
import io.tallyman.schemas.job.JobEvent.JobCompleted;
import io.tallyman.schemas.job.JobEvent.JobFailed;
import io.tallyman.schemas.job.JobEvent.JobQueued;
import io.tallyman.schemas.job.JobEvent.JobRequeued;
import io.tallyman.schemas.job.JobEvent.JobStarted;
import io.tallyman.schemas.job.JobEvent.JobTimedOut;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobStatus;
import io.tallyman.schemas.job.RunnerId;
import java.time.Instant;
import java.util.Optional;

/** What the log says of one job, read without the rules that wrote it. */
final class History {

  /** As the product's own fold has it. */
  JobState fold = new JobState.Absent();

  private Optional<JobStatus> status = Optional.empty();
  private Optional<RunnerId> runner = Optional.empty();
  private Instant limit = Instant.MAX;
  private Instant expiresAt = Instant.MAX;
  private Instant leaseUntil = Instant.MAX;
  private long sequence;
  private int attempt;
  private int firstAttempt;
  private int ends;
  private int retries;

  /** A command that was accepted, before its events. */
  void accept(JobCommand command, Instant at) {
    switch (command) {
      case Complete(_, var number, var by, _) -> checkCurrent(command, number, by);
      case Fail(_, var number, var by, _) -> checkCurrent(command, number, by);
      case Release(_, var number, var by, _, _) -> checkCurrent(command, number, by);
      case Renew(_, var number, var by) -> {
        checkCurrent(command, number, by);
        leaseUntil = at.plus(Simulation.LEASE);
      }
      case Start(_, var number, var by) -> {
        Invariant.NO_STALE_REPORT.check(
            number == attempt && (!is(JobStatus.IN_PROGRESS) || runner.equals(Optional.of(by))),
            "%s counted, and %s".formatted(command, this));
        leaseUntil = at.plus(Simulation.LEASE);
      }
      case JobCommand.Submit _, JobCommand.Cancel _, Retry _, JobCommand.Expire _ -> {}
    }
  }

  private void checkCurrent(JobCommand command, int number, RunnerId by) {
    Invariant.NO_STALE_REPORT.check(
        is(JobStatus.IN_PROGRESS) && number == attempt && runner.equals(Optional.of(by)),
        "%s counted, and %s".formatted(command, this));
  }

  void append(JobCommand command, JobEvent event, Instant at) {
    var meta = event.meta();
    Invariant.DENSE_SEQUENCE.check(
        meta.sequence() == sequence + 1, "%s follows %d".formatted(event, sequence));
    Invariant.ATTEMPTS_GROW.check(
        meta.attempt() == attempt + (isQueueing(event) ? 1 : 0),
        "%s, and %s".formatted(event, this));
    Invariant.ONE_TERMINAL.check(
        !isEnded() || isRetry(command, event), "%s, and %s".formatted(event, this));
    sequence = meta.sequence();
    switch (event) {
      case JobQueued queued -> {
        expiresAt = queued.expiresAt();
        firstAttempt = 1;
      }
      case JobRequeued requeued -> {
        requeue(command, at);
        expiresAt = requeued.expiresAt();
      }
      case JobStarted started -> {
        runner = Optional.of(started.runner());
        limit = started.deadline();
      }
      case JobCompleted completed ->
          Invariant.TRUE_RESULT.check(
              completed
                  .output()
                  .equals(ModelRunner.output(meta.jobId(), attempt, runner.orElseThrow())),
              "%s, and %s".formatted(event, this));
      case JobFailed failed -> checkFailure(failed);
      case JobTimedOut _ ->
          Invariant.NEVER_EARLY.check(
              !at.isBefore(is(JobStatus.IN_PROGRESS) ? limit : expiresAt),
              "%s at %s, and %s".formatted(event, at, this));
      case JobCancelled _ -> {}
    }
    attempt = meta.attempt();
    status = Optional.of(event.status());
    ends += isEnded() ? 1 : 0;
  }

  private void requeue(JobCommand command, Instant at) {
    switch (command) {
      case Retry _ -> {
        retries++;
        firstAttempt = attempt + 1;
      }
      case Release(_, _, _, _, var isLost) when !isLost -> {}
      case Release _ -> checkLost(true);
      case JobCommand.Expire _ -> {
        checkLost(true);
        Invariant.NEVER_EARLY.check(
            !at.isBefore(leaseUntil), "lease lost at %s, and %s".formatted(at, this));
      }
      case Start _, Complete _, Fail _, Renew _, JobCommand.Submit _, JobCommand.Cancel _ ->
          throw new IllegalStateException("Expected no hand-back by " + command);
    }
    runner = Optional.empty();
  }

  private void checkFailure(JobFailed failed) {
    if (failed.error().startsWith("worker_lost:")) {
      checkLost(false);
    }
  }

  private void checkLost(boolean mayGoOn) {
    var attempts = attempt - firstAttempt + 1;
    Invariant.MAX_ATTEMPTS.check(
        attempts < Jobs.MAX_ATTEMPTS == mayGoOn,
        "attempt %d since %d was lost, and %s".formatted(attempt, firstAttempt, this));
  }

  private static boolean isQueueing(JobEvent event) {
    return event instanceof JobQueued || event instanceof JobRequeued;
  }

  private boolean isRetry(JobCommand command, JobEvent event) {
    return command instanceof Retry
        && event instanceof JobRequeued
        && (is(JobStatus.FAILED) || is(JobStatus.TIMED_OUT));
  }

  private boolean is(JobStatus what) {
    return status.equals(Optional.of(what));
  }

  boolean isEmpty() {
    return status.isEmpty();
  }

  boolean isEnded() {
    return status.filter(JobStatus::isTerminal).isPresent();
  }

  void checkEnds(JobId job) {
    Invariant.ONE_TERMINAL.check(
        ends == 1 + retries, "%s ended %d times with %d retries".formatted(job, ends, retries));
  }

  @Override
  public String toString() {
    return "the log says %s, attempt %d, by %s, limit %s, ttl %s, lease %s"
        .formatted(status, attempt, runner, limit, expiresAt, leaseUntil);
  }
}
