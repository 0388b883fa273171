package io.tallyman.processor.domain;

import io.tallyman.processor.domain.JobState.Absent;
import io.tallyman.processor.domain.JobState.Ended;
import io.tallyman.processor.domain.JobState.Queued;
import io.tallyman.processor.domain.JobState.Retryable;
import io.tallyman.processor.domain.JobState.Running;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.EventMeta;
import io.tallyman.schemas.job.JobCommand;
import io.tallyman.schemas.job.JobCommand.Cancel;
import io.tallyman.schemas.job.JobCommand.Complete;
import io.tallyman.schemas.job.JobCommand.Expire;
import io.tallyman.schemas.job.JobCommand.Fail;
import io.tallyman.schemas.job.JobCommand.Release;
import io.tallyman.schemas.job.JobCommand.Renew;
import io.tallyman.schemas.job.JobCommand.Retry;
import io.tallyman.schemas.job.JobCommand.Start;
import io.tallyman.schemas.job.JobCommand.Submit;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobEvent.JobCancelled;
import io.tallyman.schemas.job.JobEvent.JobCompleted;
import io.tallyman.schemas.job.JobEvent.JobFailed;
import io.tallyman.schemas.job.JobEvent.JobQueued;
import io.tallyman.schemas.job.JobEvent.JobRequeued;
import io.tallyman.schemas.job.JobEvent.JobStarted;
import io.tallyman.schemas.job.JobEvent.JobTimedOut;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobRequest;
import io.tallyman.schemas.job.JobStatus;
import io.tallyman.schemas.job.Rejection.Code;
import io.tallyman.schemas.job.RunnerId;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * All rules of a job's life. {@link #decide} says what happens, {@link JobEvolution} applies it,
 * and nothing else changes a job. The table in {@code docs/job-lifecycle.md} is this class, in
 * prose.
 */
public final class JobDecider {

  private final Set<EndpointName> endpoints;
  private final Duration retention;
  private final Duration lease;
  private final int maxAttempts;

  /**
   * @param endpoints those that are served; a job for another one is refused
   * @param retention how long an ended job is remembered, for repeats and retries
   * @param lease how long a runner may be silent about an attempt before the next one is made
   * @param maxAttempts when so many were made and the last was lost with its runner, the job fails
   */
  public JobDecider(
      Set<EndpointName> endpoints, Duration retention, Duration lease, int maxAttempts) {
    this.endpoints = Set.copyOf(endpoints);
    this.retention = retention;
    this.lease = lease;
    this.maxAttempts = maxAttempts;
  }

  /**
   * What the command leads to.
   *
   * @param at the time of the command's record, by the broker's clock
   */
  public Decision decide(JobState state, JobCommand command, Instant at) {
    return switch (command) {
      case Submit submit -> submit(state, submit, at);
      case Start start -> start(state, start, at);
      case Complete complete ->
          report(
              "complete",
              state,
              complete.jobId(),
              complete.attempt(),
              complete.runner(),
              running ->
                  accepted(
                      new JobCompleted(
                          next(running, at, actor(running.runner())),
                          running.until(at),
                          complete.output())));
      case Fail fail ->
          report(
              "fail",
              state,
              fail.jobId(),
              fail.attempt(),
              fail.runner(),
              running ->
                  accepted(
                      new JobFailed(
                          next(running, at, actor(running.runner())),
                          running.until(at),
                          fail.error())));
      case Release release ->
          report(
              "release",
              state,
              release.jobId(),
              release.attempt(),
              release.runner(),
              running ->
                  accepted(
                      release.lost()
                          ? lost(running, release.reason(), actor(running.runner()), at)
                          : requeued(running, release.reason(), actor(running.runner()), at)));
      case Renew renew ->
          report("renew", state, renew.jobId(), renew.attempt(), renew.runner(), _ -> leased(at));
      case Cancel cancel -> cancel(state, cancel, at);
      case Retry retry -> retry(state, retry, at);
      case Expire expire -> expire(state, expire, at);
    };
  }

  /** The state after a decision that was made for it. */
  public JobState after(JobState state, Decision decision) {
    return switch (decision) {
      case Decision.Rejected _ -> state;
      case Decision.Accepted(var events, var leaseUntil) -> {
        var after = state;
        for (var event : events) {
          after = JobEvolution.evolve(after, event);
        }
        yield after instanceof Running running
            ? leaseUntil.map(running::leasedUntil).orElse(running)
            : after;
      }
    };
  }

  /** When an {@link Expire} is due for a job in this state; empty: never. */
  public Optional<Instant> deadline(JobState state) {
    return switch (state) {
      case Absent _ -> Optional.empty();
      case Queued queued -> Optional.of(queued.expiresAt());
      case Running running -> Optional.of(earlier(running.deadline(), running.leaseUntil()));
      case Retryable retryable -> Optional.of(retryable.endedAt().plus(retention));
      case Ended ended -> Optional.of(ended.endedAt().plus(retention));
    };
  }

  /** Whether a job in this state need not be kept any longer. The log keeps its events. */
  public boolean isForgettable(JobState state, Instant at) {
    return switch (state) {
      case Absent _ -> true;
      case Queued _, Running _ -> false;
      case Retryable _, Ended _ -> deadline(state).filter(at::isBefore).isEmpty();
    };
  }

  private Decision submit(JobState state, Submit submit, Instant at) {
    var request = submit.request();
    return switch (state) {
      case Absent _ when endpoints.contains(request.endpoint()) ->
          accepted(
              new JobQueued(
                  meta(submit.jobId(), request, 1, 1, at, submit.actor()),
                  request,
                  at.plus(request.policy().ttl())));
      case Absent _ -> Refusal.notServed("submit", submit.jobId(), request.endpoint());
      case Queued known -> Refusal.taken(submit, known.request().fingerprint());
      case Running known -> Refusal.taken(submit, known.request().fingerprint());
      case Retryable known -> Refusal.taken(submit, known.request().fingerprint());
      case Ended known -> Refusal.taken(submit, known.fingerprint());
    };
  }

  private Decision start(JobState state, Start start, Instant at) {
    return switch (state) {
      // Its timer is late, as after a time without a processor; nothing starts after ttl.
      case Queued queued
          when queued.attempt() == start.attempt() && !at.isBefore(queued.expiresAt()) ->
          accepted(timedOut(queued, at));
      case Queued queued when queued.attempt() == start.attempt() ->
          leased(
              at,
              new JobStarted(
                  next(queued, at, actor(start.runner())),
                  start.runner(),
                  JobState.elapsed(queued.queuedAt(), at),
                  earlier(
                      queued.expiresAt(), at.plus(queued.request().policy().executionTimeout()))));
      case Queued queued ->
          Refusal.stale("start", start.jobId(), start.attempt(), queued.attempt());
      // The same Start came twice: its runner is told again to run, and nothing happens.
      case Running running
          when running.attempt() == start.attempt() && running.runner().equals(start.runner()) ->
          leased(at);
      case Running running when running.attempt() != start.attempt() ->
          Refusal.stale("start", start.jobId(), start.attempt(), running.attempt());
      case Running running -> Refusal.runByAnother("start", start.jobId(), running.runner());
      case Absent _ -> Refusal.notFound("start", start.jobId());
      case Retryable ended -> Refusal.wrongState("start", start.jobId(), ended.status());
      case Ended ended -> Refusal.wrongState("start", start.jobId(), ended.status());
    };
  }

  /** What a runner says counts only for the attempt that it runs now. */
  private static Decision report(
      String verb,
      JobState state,
      JobId job,
      int attempt,
      RunnerId runner,
      Function<Running, Decision> decision) {
    return switch (state) {
      case Running running when running.attempt() == attempt && running.runner().equals(runner) ->
          decision.apply(running);
      case Running running when running.attempt() != attempt ->
          Refusal.stale(verb, job, attempt, running.attempt());
      case Running running -> Refusal.runByAnother(verb, job, running.runner());
      case Queued queued when queued.attempt() == attempt ->
          Refusal.of(
              Code.INVALID_STATE,
              "Expected to %s job '%s', but attempt %d was not started"
                  .formatted(verb, job, attempt));
      case Queued queued -> Refusal.stale(verb, job, attempt, queued.attempt());
      case Absent _ -> Refusal.notFound(verb, job);
      case Retryable ended -> Refusal.wrongState(verb, job, ended.status());
      case Ended ended -> Refusal.wrongState(verb, job, ended.status());
    };
  }

  private JobEvent requeued(Running running, String reason, String actor, Instant at) {
    var endpoint = running.request().endpoint();
    return endpoints.contains(endpoint)
        ? new JobRequeued(
            meta(
                running.id(),
                running.request(),
                running.sequence() + 1,
                running.attempt() + 1,
                at,
                actor),
            reason,
            running.expiresAt())
        : new JobFailed(
            next(running, at, actor),
            running.until(at),
            "endpoint_gone: no runner can take the job over, because endpoint '%s' is not served"
                    .formatted(endpoint)
                + " any more");
  }

  /** The attempt died with its runner, which may be the job's own doing: not for ever again. */
  private JobEvent lost(Running running, String reason, String actor, Instant at) {
    return running.attempts() < maxAttempts
        ? requeued(running, reason, actor, at)
        : new JobFailed(
            next(running, at, actor),
            running.until(at),
            "worker_lost: the last of %d attempts was lost with its runner '%s' (%s)"
                .formatted(maxAttempts, running.runner(), reason));
  }

  private static Decision cancel(JobState state, Cancel cancel, Instant at) {
    return switch (state) {
      case Queued queued ->
          accepted(new JobCancelled(next(queued, at, cancel.actor()), Optional.empty()));
      case Running running ->
          accepted(
              new JobCancelled(next(running, at, cancel.actor()), Optional.of(running.until(at))));
      case Absent _ -> Refusal.notFound("cancel", cancel.jobId());
      case Retryable ended -> Refusal.wrongState("cancel", cancel.jobId(), ended.status());
      case Ended ended -> Refusal.wrongState("cancel", cancel.jobId(), ended.status());
    };
  }

  private Decision retry(JobState state, Retry retry, Instant at) {
    return switch (state) {
      case Retryable ended when !endpoints.contains(ended.request().endpoint()) ->
          Refusal.notServed("retry", retry.jobId(), ended.request().endpoint());
      case Retryable ended ->
          accepted(
              new JobRequeued(
                  meta(
                      ended.id(),
                      ended.request(),
                      ended.sequence() + 1,
                      ended.attempt() + 1,
                      at,
                      retry.actor()),
                  "retried: asked for by " + retry.actor(),
                  at.plus(ended.request().policy().ttl())));
      case Absent _ -> Refusal.notFound("retry", retry.jobId());
      case Queued _ -> Refusal.wrongState("retry", retry.jobId(), JobStatus.IN_QUEUE);
      case Running _ -> Refusal.wrongState("retry", retry.jobId(), JobStatus.IN_PROGRESS);
      case Ended ended -> Refusal.wrongState("retry", retry.jobId(), ended.status());
    };
  }

  private Decision expire(JobState state, Expire expire, Instant at) {
    return switch (state) {
      case Queued queued when !at.isBefore(queued.expiresAt()) -> accepted(timedOut(queued, at));
      case Running running when !at.isBefore(running.deadline()) ->
          accepted(
              new JobTimedOut(
                  next(running, at, "timer"),
                  Optional.of(running.until(at)),
                  running.deadline().equals(running.expiresAt())
                      ? ttlPassed(running.request())
                      : "execution_timeout: the attempt ran longer than policy.executionTimeout,"
                          + " %d ms"
                              .formatted(
                                  running.request().policy().executionTimeout().toMillis())));
      case Running running when !at.isBefore(running.leaseUntil()) ->
          accepted(
              lost(
                  running,
                  "lease_lost: runner '%s' was not heard of for %d ms"
                      .formatted(running.runner(), lease.toMillis()),
                  "timer",
                  at));
      // The timer was early, or its deadline was moved: it is set again. Ended jobs are forgotten.
      case Queued _, Running _, Retryable _, Ended _ -> new Decision.Accepted();
      case Absent _ -> Refusal.notFound("expire", expire.jobId());
    };
  }

  private static JobTimedOut timedOut(Queued queued, Instant at) {
    return new JobTimedOut(
        next(queued, at, "timer"), Optional.empty(), ttlPassed(queued.request()));
  }

  private static String ttlPassed(JobRequest request) {
    return "ttl: the job did not end within policy.ttl, %d ms"
        .formatted(request.policy().ttl().toMillis());
  }

  private static EventMeta next(Queued queued, Instant at, String actor) {
    return meta(queued.id(), queued.request(), queued.sequence() + 1, queued.attempt(), at, actor);
  }

  private static EventMeta next(Running running, Instant at, String actor) {
    return meta(
        running.id(), running.request(), running.sequence() + 1, running.attempt(), at, actor);
  }

  private static EventMeta meta(
      JobId id, JobRequest request, long sequence, int attempt, Instant at, String actor) {
    return new EventMeta(
        id,
        request.endpoint(),
        sequence,
        attempt,
        at,
        actor,
        request.webhook(),
        request.webhookSecretName());
  }

  private static String actor(RunnerId runner) {
    return "runner/" + runner;
  }

  private static Instant earlier(Instant a, Instant b) {
    return a.isBefore(b) ? a : b;
  }

  private static Decision accepted(JobEvent event) {
    return new Decision.Accepted(event);
  }

  /** Accepted, and the runner holds the attempt for one lease from now. */
  private Decision leased(Instant at, JobEvent... events) {
    return new Decision.Accepted(List.of(events), Optional.of(at.plus(lease)));
  }
}
