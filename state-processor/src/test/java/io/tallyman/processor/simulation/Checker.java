package io.tallyman.processor.simulation;

import io.tallyman.processor.domain.Decision;
import io.tallyman.processor.domain.JobDecider;
import io.tallyman.processor.domain.JobState;
import io.tallyman.processor.simulation.ModelProcessor.Deadline;
import io.tallyman.processor.simulation.ModelProcessor.Step;
import io.tallyman.schemas.job.JobCommand;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Looks at every committed transaction, and has a history of each job of its own. */
final class Checker {

  private final World world;
  private final JobDecider decider;
  private final Overlaps overlaps;
  private final Map<JobId, History> histories = new HashMap<>();
  private final Map<JobId, Integer> expiresOnLog = new HashMap<>();

  Checker(World world, JobDecider decider, Overlaps overlaps) {
    this.world = world;
    this.overlaps = overlaps;
    this.decider = decider;
  }

  void committed(
      Iterable<Broker.Entry> timers,
      Iterable<Step> steps,
      Map<JobId, JobState> jobs,
      Set<Deadline> deadlines) {
    for (var timer : timers) {
      expiresOnLog.merge(timer.command.jobId(), 1, Integer::sum);
    }
    for (var step : steps) {
      check(step);
    }
    jobs.forEach((job, state) -> check(job, state, deadlines));
  }

  private void check(Step step) {
    var job = step.command().jobId();
    if (step.command() instanceof JobCommand.Expire) {
      expiresOnLog.merge(job, -1, Integer::sum);
    }
    switch (step.decision()) {
      case Decision.Rejected(var code, _) -> world.count("refusal: " + code);
      case Decision.Accepted(var events, _) -> {
        var history = histories.computeIfAbsent(job, _ -> new History());
        history.accept(step.command(), step.at());
        for (var event : events) {
          world.count("event: " + event.getClass().getSimpleName());
          history.append(step.command(), event, step.at());
          if (step.command() instanceof JobCommand.Retry) {
            overlaps.retried(job, event.meta().attempt());
          }
          history.fold = decider.after(history.fold, accepted(event));
        }
        if (events.isEmpty()
            && step.command() instanceof JobCommand.Expire
            && decider.isForgettable(history.fold, step.at())) {
          world.count("forgotten");
          history.fold = new JobState.Absent();
        }
      }
    }
  }

  private static Decision accepted(JobEvent event) {
    return new Decision.Accepted(List.of(event), Optional.empty());
  }

  private void check(JobId job, JobState state, Set<Deadline> deadlines) {
    var history = histories.computeIfAbsent(job, _ -> new History());
    Invariant.FOLD_IS_STORE.check(
        withoutLease(state).equals(withoutLease(history.fold)),
        "%s is %s, and its log says %s".formatted(job, state, history.fold));
    var set = deadlines.stream().filter(one -> one.job().equals(job)).map(Deadline::due).toList();
    var due = decider.deadline(state).stream().toList();
    // One that fired is taken, and set again by its Expire if need be.
    var isFired = set.isEmpty() && expiresOnLog.getOrDefault(job, 0) > 0;
    Invariant.DEADLINE_IS_SET.check(
        isFired || set.equals(due), "%s is due at %s, and set are %s".formatted(job, due, set));
  }

  /** A lease is no part of the log: only its loss is told. */
  private static JobState withoutLease(JobState state) {
    return state instanceof JobState.Running running
        ? new JobState.Running(
            running.id(),
            running.request(),
            running.sequence(),
            running.attempt(),
            running.firstAttempt(),
            running.runner(),
            running.startedAt(),
            running.delayTime(),
            running.expiresAt(),
            running.deadline(),
            running.deadline())
        : state;
  }

  boolean isEverythingEnded() {
    return histories.values().stream().allMatch(history -> history.isEnded() || history.isEmpty());
  }

  /** After the heal: every job has ended, once, and once more for each accepted Retry. */
  void end() {
    histories.forEach(
        (job, history) -> {
          if (!history.isEmpty()) {
            Invariant.ENDS_AFTER_HEAL.check(
                history.isEnded(), "%s has not ended: %s".formatted(job, history.fold));
            history.checkEnds(job);
          }
        });
  }
}
