package io.tallyman.processor.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.processor.domain.Decision;
import io.tallyman.processor.domain.JobDecider;
import io.tallyman.processor.domain.JobState;
import io.tallyman.processor.simulation.Simulation.Planted;
import io.tallyman.schemas.job.EventMeta;
import io.tallyman.schemas.job.JobCommand;
import io.tallyman.schemas.job.JobCommand.Complete;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobEvent.JobRequeued;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The simulation bites: each bug planted is found, by the invariant that it breaks. */
class PlantedBugsTest {

  private static final int SEEDS = 3_000;

  record Bug(String what, Planted planted, Invariant found) {
    @Override
    public String toString() {
      return what;
    }
  }

  static Stream<Bug> bugs() {
    return Stream.of(
        decides("reports of stale attempts count", PlantedBugsTest::staleCounts)
            .foundBy(Invariant.NO_STALE_REPORT),
        decides("a requeued job keeps its attempt", PlantedBugsTest::attemptStays)
            .foundBy(Invariant.ATTEMPTS_GROW),
        decides("renewals are ignored", PlantedBugsTest::renewalIgnored)
            .foundBy(Invariant.NEVER_EARLY),
        decides("limits come a second early", PlantedBugsTest::early)
            .foundBy(Invariant.NEVER_EARLY),
        decides("attempts are lost for ever", PlantedBugsTest::neverGivesUp)
            .foundBy(Invariant.MAX_ATTEMPTS),
        decides("a lost lease changes nothing", PlantedBugsTest::neverTakesBack)
            .foundBy(Invariant.ENDS_AFTER_HEAL),
        runs("a runner never fences itself", ModelAttempts.Bug.NEVER_FENCES_ITSELF),
        runs("a runner runs what it has no lease for", ModelAttempts.Bug.RUNS_WITHOUT_LEASE));
  }

  @ParameterizedTest
  @MethodSource("bugs")
  void shouldFindABugByTheInvariantThatItBreaks(Bug bug) {
    var failure = new Seeds(bug.planted()).run(0, SEEDS);

    assertThat(failure.map(found -> found.violation().invariant())).contains(bug.found());
    assertThat(failure.map(Seeds.Failure::story).orElseThrow()).contains("-Dsimulation.seed=");
  }

  private record Wrong(String what, Rules rules) {
    Bug foundBy(Invariant invariant) {
      return new Bug(what, new Planted(rules, ModelAttempts.Bug.NONE), invariant);
    }
  }

  private static Wrong decides(String what, Rules rules) {
    return new Wrong(what, rules);
  }

  private static Bug runs(String what, ModelAttempts.Bug bug) {
    return new Bug(what, new Planted(Rules.real(), bug), Invariant.NO_OVERLAP);
  }

  private static Decision staleCounts(
      JobDecider decider, JobState state, JobCommand command, Instant at) {
    var taken =
        state instanceof JobState.Running running
                && command instanceof Complete(var job, _, _, var output)
            ? new Complete(job, running.attempt(), running.runner(), output)
            : command;
    return decider.decide(state, taken, at);
  }

  private static Decision attemptStays(
      JobDecider decider, JobState state, JobCommand command, Instant at) {
    return decider.decide(state, command, at) instanceof Decision.Accepted(var events, var lease)
        ? new Decision.Accepted(
            events.stream().map(PlantedBugsTest::withAttemptBefore).toList(), lease)
        : decider.decide(state, command, at);
  }

  private static JobEvent withAttemptBefore(JobEvent event) {
    return event instanceof JobRequeued(var meta, var reason, var expiresAt)
        ? new JobRequeued(
            new EventMeta(
                meta.jobId(),
                meta.endpoint(),
                meta.sequence(),
                meta.attempt() - 1,
                meta.time(),
                meta.actor(),
                meta.webhook(),
                meta.webhookSecretName()),
            reason,
            expiresAt)
        : event;
  }

  private static Decision renewalIgnored(
      JobDecider decider, JobState state, JobCommand command, Instant at) {
    var decision = decider.decide(state, command, at);
    return command instanceof JobCommand.Renew && decision instanceof Decision.Accepted
        ? new Decision.Accepted(List.of(), Optional.empty())
        : decision;
  }

  private static Decision early(
      JobDecider decider, JobState state, JobCommand command, Instant at) {
    return command instanceof JobCommand.Expire
        ? decider.decide(state, command, at.plus(Duration.ofSeconds(1)))
        : decider.decide(state, command, at);
  }

  /** As if every attempt were the first. */
  private static Decision neverGivesUp(
      JobDecider decider, JobState state, JobCommand command, Instant at) {
    return state instanceof JobState.Running running
        ? decider.decide(
            new JobState.Running(
                running.id(),
                running.request(),
                running.sequence(),
                running.attempt(),
                running.attempt(),
                running.runner(),
                running.startedAt(),
                running.delayTime(),
                running.expiresAt(),
                running.deadline(),
                running.leaseUntil()),
            command,
            at)
        : decider.decide(state, command, at);
  }

  private static Decision neverTakesBack(
      JobDecider decider, JobState state, JobCommand command, Instant at) {
    return state instanceof JobState.Running running
            && command instanceof JobCommand.Expire
            && at.isBefore(running.deadline())
        ? new Decision.Accepted(List.of(), Optional.empty())
        : decider.decide(state, command, at);
  }
}
