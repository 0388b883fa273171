package io.tallyman.processor.domain;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.processor.Jobs;
import io.tallyman.processor.domain.JobState.Absent;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobCommand;
import io.tallyman.schemas.job.JobCommand.Cancel;
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
import io.tallyman.schemas.job.JobEvent.Run;
import io.tallyman.schemas.job.Rejection;
import io.tallyman.schemas.job.RunnerId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** What holds for every job, whatever is said to it, in whatever order, by whatever clock. */
class JobDeciderPropertiesTest {

  private static final int SEEDS = 2_000;
  private static final int COMMANDS = 60;

  private static final List<RunnerId> RUNNERS =
      List.of(Jobs.RUNNER, Jobs.OTHER_RUNNER, new RunnerId("runner-3"));

  /** A lease short enough to be lost now and then. */
  private final JobDecider decider =
      new JobDecider(
          Set.of(EndpointName.DEFAULT), Jobs.RETENTION, Duration.ofSeconds(4), Jobs.MAX_ATTEMPTS);

  /** How often each event and each refusal came: a run that never met one proves nothing of it. */
  private final Map<String, Integer> met = new TreeMap<>();

  @Test
  void shouldHoldForEveryProgramOfCommands() {
    for (var seed = 0; seed < SEEDS; seed++) {
      try {
        run(new SplittableRandom(seed));
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
      }
    }

    var expected = new ArrayList<String>();
    for (var event : JobEvent.class.getPermittedSubclasses()) {
      expected.add(event.getSimpleName());
    }
    for (var code : Rejection.Code.values()) {
      expected.add(code.name());
    }
    assertThat(met.keySet()).containsAll(expected);
    assertThat(met.values()).allMatch(times -> times >= 200);
  }

  private void run(SplittableRandom random) {
    var log = new ArrayList<JobEvent>();
    JobState state = new Absent();
    var now = Jobs.T0;
    for (var i = 0; i < COMMANDS; i++) {
      now = now.plus(pause(random));
      var command = command(random, log);
      var decision = decider.decide(state, command, now);
      switch (decision) {
        case Decision.Rejected(var code, var detail) -> {
          count(code.name());
          assertThat(detail)
              .matches(
                  "Expected to %s job 'job-1'( at attempt -?\\d+)?, but .+"
                      .formatted(command.getClass().getSimpleName().toLowerCase(Locale.ROOT)));
        }
        case Decision.Accepted(var events, _) -> {
          for (var event : events) {
            count(event.getClass().getSimpleName());
            check(log, event, now);
            log.add(event);
          }
          state = decider.after(state, decision);
          assertThat(decider.deadline(state)).as("deadline").isPresent();
        }
      }
      assertThatARepeatChangesNothing(state, command, now);
    }
    assertThat(replay(log)).as("replay").isEqualTo(withoutLease(state));
  }

  /** What an event must be, after these. */
  private static void check(List<JobEvent> log, JobEvent event, Instant now) {
    var meta = event.meta();
    assertThat(meta.sequence()).as("sequence").isEqualTo(log.size() + 1L);
    assertThat(meta.time()).isEqualTo(now);
    assertThat(meta.webhook()).contains(Jobs.WEBHOOK);
    assertThat(meta.webhookSecretName()).contains(Jobs.SECRET_NAME);
    assertThat(event instanceof JobQueued).as("queued first, and once").isEqualTo(log.isEmpty());
    runOf(event)
        .ifPresent(
            run -> {
              assertThat(run.delayTime()).as("delayTime").isGreaterThanOrEqualTo(Duration.ZERO);
              assertThat(run.executionTime())
                  .as("executionTime")
                  .isGreaterThanOrEqualTo(Duration.ZERO);
            });
    if (!log.isEmpty()) {
      var last = log.getLast();
      assertThat(meta.attempt())
          .as("attempt")
          .isEqualTo(last.meta().attempt() + (event instanceof JobRequeued ? 1 : 0));
      switch (last) {
        case JobCompleted _, JobCancelled _ -> throw new AssertionError(event + " after " + last);
        case JobFailed _, JobTimedOut _ -> assertThat(event).isInstanceOf(JobRequeued.class);
        case JobQueued _, JobRequeued _ ->
            assertThat(event)
                .isInstanceOfAny(JobStarted.class, JobCancelled.class, JobTimedOut.class);
        case JobStarted _ -> assertThat(event).isNotInstanceOf(JobStarted.class);
      }
    }
  }

  private static Optional<Run> runOf(JobEvent event) {
    return switch (event) {
      case JobQueued _, JobRequeued _ -> Optional.empty();
      case JobStarted(_, var runner, var delayTime, _) ->
          Optional.of(new Run(runner, delayTime, Duration.ZERO));
      case JobCompleted(_, var run, _) -> Optional.of(run);
      case JobFailed(_, var run, _) -> Optional.of(run);
      case JobCancelled(_, var run) -> run;
      case JobTimedOut(_, var run, _) -> run;
    };
  }

  /** A client or a runner that got no answer says it again. */
  private void assertThatARepeatChangesNothing(JobState state, JobCommand command, Instant now) {
    if (decider.decide(state, command, now) instanceof Decision.Accepted(var events, _)) {
      assertThat(events).as("events of a repeated " + command).isEmpty();
    }
  }

  /** A lease is no part of the log: only its loss is told. */
  private static JobState withoutLease(JobState state) {
    return state instanceof JobState.Running running
        ? running.leasedUntil(running.deadline())
        : state;
  }

  private JobState replay(List<JobEvent> log) {
    JobState state = new Absent();
    for (var event : log) {
      state = JobEvolution.evolve(state, event);
    }
    return state;
  }

  /** Mostly short; sometimes past every limit; sometimes a clock that was set back. */
  private static Duration pause(SplittableRandom random) {
    return switch (random.nextInt(20)) {
      case 0 -> Jobs.TTL;
      case 1 -> Jobs.EXECUTION_TIMEOUT;
      case 2 -> Duration.ofMillis(-random.nextInt(5_000));
      default -> Duration.ofMillis(random.nextInt(3_000));
    };
  }

  private static JobCommand command(SplittableRandom random, List<JobEvent> log) {
    var current = log.isEmpty() ? 1 : log.getLast().meta().attempt();
    // Mostly the current attempt and its runner, so that jobs get somewhere.
    var attempt = random.nextInt(4) > 0 ? current : random.nextInt(current + 2);
    var runner = RUNNERS.get(random.nextInt(4) > 0 ? 0 : random.nextInt(RUNNERS.size()));
    return switch (random.nextInt(16)) {
      case 0 -> Jobs.submit();
      case 1 -> Jobs.submit(Jobs.request(EndpointName.DEFAULT, "0ther", false));
      case 2 -> Jobs.submit(Jobs.request(Jobs.NOT_SERVED, "0ther", false));
      case 3, 4, 5, 6 -> new Start(Jobs.JOB, attempt, runner);
      case 7 -> new Complete(Jobs.JOB, attempt, runner, Jobs.OUTPUT);
      case 8, 9 -> new Fail(Jobs.JOB, attempt, runner, "exit_code: 3");
      case 10 -> new Release(Jobs.JOB, attempt, runner, "runner_stopped: x", random.nextBoolean());
      case 14 -> new Renew(Jobs.JOB, attempt, runner);
      case 11 -> random.nextInt(4) == 0 ? new Cancel(Jobs.JOB, "api") : Jobs.expire();
      case 12, 13 -> new Retry(Jobs.JOB, "api");
      default -> Jobs.expire();
    };
  }

  private void count(String what) {
    met.merge(what, 1, Integer::sum);
  }
}
