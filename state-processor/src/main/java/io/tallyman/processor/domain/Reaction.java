package io.tallyman.processor.domain;

import io.tallyman.processor.domain.JobState.Queued;
import io.tallyman.processor.domain.JobState.Retryable;
import io.tallyman.processor.domain.JobState.Running;
import io.tallyman.schemas.job.Dispatch;
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
import io.tallyman.schemas.job.JobStatus;
import io.tallyman.schemas.job.RunnerControl;
import io.tallyman.schemas.job.RunnerId;
import java.util.ArrayList;
import java.util.List;

/** What the runners have to learn from a decision. Pure, like the decision itself. */
public sealed interface Reaction {

  /** An attempt waits for a runner. */
  record Offer(Dispatch dispatch, boolean lowPriority) implements Reaction {}

  /** One runner is told to run or to stop. */
  record Tell(RunnerControl order) implements Reaction {}

  /**
   * The reactions to a command.
   *
   * @param before the state it met
   * @param after the state it led to; the same when it was refused or changed nothing
   */
  static List<Reaction> of(JobState before, JobCommand command, Decision decision, JobState after) {
    return switch (decision) {
      case Decision.Rejected(_, var detail) -> refused(command, detail);
      case Decision.Accepted _ -> accepted(before, command, after);
    };
  }

  private static List<Reaction> accepted(JobState before, JobCommand command, JobState after) {
    if (after instanceof Queued queued && !after.equals(before)) {
      var reactions = new ArrayList<Reaction>();
      if (before instanceof Running running) {
        reactions.addAll(ended(running, command, after));
      }
      reactions.add(
          new Offer(
              new Dispatch(
                  queued.id(),
                  queued.request().endpoint(),
                  queued.attempt(),
                  queued.request().input()),
              queued.request().policy().lowPriority()));
      return reactions;
    }
    // Also when the Start came twice: the first answer may have been lost with its runner.
    if (after instanceof Running running && command instanceof Start) {
      return List.of(
          new Tell(
              new RunnerControl.Run(
                  running.runner(),
                  running.id(),
                  running.attempt(),
                  running.deadline(),
                  running.leaseUntil())));
    }
    if (command instanceof Start(var job, var attempt, var runner) && !(after instanceof Running)) {
      return List.of(
          new Tell(new RunnerControl.Stop(runner, job, attempt, "the job ran out of time")));
    }
    return before instanceof Running running && !(after instanceof Running)
        ? ended(running, command, after)
        : List.of();
  }

  private static List<Reaction> ended(Running running, JobCommand command, JobState after) {
    return switch (command) {
      case Cancel _ -> stop(running.runner(), running, "the job was cancelled");
      case Expire _ ->
          stop(
              running.runner(),
              running,
              after instanceof Retryable ended && ended.status() == JobStatus.TIMED_OUT
                  ? "the job ran out of time"
                  : "the lease on the attempt was lost");
      // The runner itself said so.
      case Complete _, Fail _, Release _ -> List.of();
      case Submit _, Start _, Retry _, Renew _ -> List.of();
    };
  }

  private static List<Reaction> stop(RunnerId runner, Running running, String reason) {
    return List.of(
        new Tell(new RunnerControl.Stop(runner, running.id(), running.attempt(), reason)));
  }

  /** A runner whose command bounced must not go on with that attempt. */
  private static List<Reaction> refused(JobCommand command, String detail) {
    return switch (command) {
      case Start(var job, var attempt, var runner) ->
          List.of(new Tell(new RunnerControl.Stop(runner, job, attempt, detail)));
      case Complete(var job, var attempt, var runner, _) ->
          List.of(new Tell(new RunnerControl.Stop(runner, job, attempt, detail)));
      case Fail(var job, var attempt, var runner, _) ->
          List.of(new Tell(new RunnerControl.Stop(runner, job, attempt, detail)));
      case Renew(var job, var attempt, var runner) ->
          List.of(new Tell(new RunnerControl.Stop(runner, job, attempt, detail)));
      case Release(var job, var attempt, var runner, _, _) ->
          List.of(new Tell(new RunnerControl.Stop(runner, job, attempt, detail)));
      case Submit _, Cancel _, Retry _, Expire _ -> List.of();
    };
  }
}
