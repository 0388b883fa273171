package io.tallyman.schemas.job;

/**
 * What somebody wants done to a job: the value of a record on {@code job-commands}. The decider
 * answers each with events or with one {@link Rejection}.
 */
public sealed interface JobCommand {

  /** The job meant; also the record's key. */
  JobId jobId();

  /**
   * Queue a new job. From the api.
   *
   * @param actor who asks, such as {@code api}
   */
  record Submit(JobId jobId, JobRequest request, String actor) implements JobCommand {}

  /** Ask to run an attempt that was dispatched. From a runner, before it runs anything. */
  record Start(JobId jobId, int attempt, RunnerId runner) implements JobCommand {}

  /** Report that an attempt succeeded. From its runner. */
  record Complete(JobId jobId, int attempt, RunnerId runner, RawJson output)
      implements JobCommand {}

  /**
   * Report that an attempt failed. From its runner.
   *
   * @param error stable code, colon, one sentence: {@code image_missing: …}
   */
  record Fail(JobId jobId, int attempt, RunnerId runner, String error) implements JobCommand {}

  /**
   * Keep the lease on a running attempt: its runner is alive and runs it. From the runner, three
   * times per lease. No event follows, and the lease runs anew from this record's time.
   */
  record Renew(JobId jobId, int attempt, RunnerId runner) implements JobCommand {}

  /**
   * Hand an attempt back unfinished, so that another runner takes the job. From its runner, when it
   * stops, or finds after a crash what it ran before.
   *
   * @param reason stable code, colon, one sentence: {@code runner_stopped: …}
   * @param lost whether the attempt died with its runner, which counts towards the job's limit of
   *     attempts; an orderly hand-back does not
   */
  record Release(JobId jobId, int attempt, RunnerId runner, String reason, boolean lost)
      implements JobCommand {}

  /** End a job that has not ended. From the api. */
  record Cancel(JobId jobId, String actor) implements JobCommand {}

  /** Queue a failed or timed-out job again. From the api. */
  record Retry(JobId jobId, String actor) implements JobCommand {}

  /**
   * Look at a job's deadlines: one of them has passed by the clock of the sender. From the timers
   * of the state-processor. The decider looks at the record's own time: too early changes nothing.
   */
  record Expire(JobId jobId) implements JobCommand {}
}
