package io.tallyman.processor.domain;

import static io.tallyman.processor.Jobs.JOB;
import static io.tallyman.processor.Jobs.OTHER_RUNNER;
import static io.tallyman.processor.Jobs.RUNNER;
import static io.tallyman.processor.Jobs.T0;
import static io.tallyman.processor.Jobs.complete;
import static io.tallyman.processor.Jobs.expire;
import static io.tallyman.processor.Jobs.fail;
import static io.tallyman.processor.Jobs.lost;
import static io.tallyman.processor.Jobs.release;
import static io.tallyman.processor.Jobs.renew;
import static io.tallyman.processor.Jobs.request;
import static io.tallyman.processor.Jobs.retry;
import static io.tallyman.processor.Jobs.start;
import static io.tallyman.processor.Jobs.submit;
import static io.tallyman.processor.domain.JobLife.at;
import static io.tallyman.processor.domain.JobLife.atMillis;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.processor.Jobs;
import io.tallyman.processor.domain.JobLife.Step;
import io.tallyman.schemas.job.Dispatch;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobCommand;
import io.tallyman.schemas.job.JobEvent.JobCompleted;
import io.tallyman.schemas.job.JobEvent.JobFailed;
import io.tallyman.schemas.job.JobEvent.JobRequeued;
import io.tallyman.schemas.job.JobEvent.JobTimedOut;
import io.tallyman.schemas.job.Rejection.Code;
import io.tallyman.schemas.job.RunnerControl;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A runner that is not heard of loses its attempt, and nothing else does. */
class LeaseTest {

  private static final Duration LEASE = Duration.ofSeconds(5);

  @Test
  void shouldGiveTheJobToAnotherRunnerWhenItsRunnerIsSilent() {
    var requeued =
        given(at(0, submit()), at(1, start(1))).when(at(6, expire())).thenOne(JobRequeued.class);

    assertThat(requeued.reason())
        .isEqualTo("lease_lost: runner 'runner-1' was not heard of for 5000 ms");
    assertThat(requeued.meta().attempt()).isEqualTo(2);
    assertThat(requeued.meta().actor()).isEqualTo("timer");
  }

  @Test
  void shouldNotEndALeaseAMillisecondEarly() {
    given(at(0, submit()), at(1, start(1))).when(atMillis(5_999, expire())).then();
    given(at(0, submit()), at(1, start(1)))
        .when(atMillis(6_000, expire()))
        .thenOne(JobRequeued.class);
  }

  @Test
  void shouldStopTheSilentRunnerAndOfferTheNextAttempt() {
    given(at(0, submit()), at(1, start(1)))
        .when(at(6, expire()))
        .thenTold(
            new Reaction.Tell(
                new RunnerControl.Stop(RUNNER, JOB, 1, "the lease on the attempt was lost")),
            new Reaction.Offer(
                new Dispatch(JOB, EndpointName.DEFAULT, 2, request().input()), false));
  }

  @Test
  void shouldKeepTheAttemptForALeaseFromEveryRenewal() {
    var life = given(at(0, submit()), at(1, start(1)), at(5, renew(1)), at(9, renew(1)));

    life.when(atMillis(13_999, expire())).then();
    life.when(at(14, expire())).thenOne(JobRequeued.class);
  }

  @Test
  void shouldWakeUpAtTheEndOfTheLeaseOrAtTheDeadlineWhateverIsFirst() {
    var life = given(at(0, submit()), at(1, start(1)));
    assertThat(deadline(life)).isEqualTo(Duration.ofSeconds(6));

    life.when(at(5, renew(1)));
    assertThat(deadline(life)).isEqualTo(Duration.ofSeconds(10));

    life.when(at(20, renew(1)));
    assertThat(deadline(life)).as("the deadline").isEqualTo(Duration.ofSeconds(21));
  }

  @Test
  void shouldTimeOutAndNotRetryWhenDeadlineAndLeaseAreBothOver() {
    given(at(0, submit()), at(1, start(1))).when(at(21, expire())).thenOne(JobTimedOut.class);
  }

  @Test
  void shouldRefuseTheRenewalAndTheReportOfTheRunnerThatLostItsLease() {
    var life =
        given(
            at(0, submit()),
            at(1, start(1)),
            at(6, expire()),
            at(7, new JobCommand.Start(JOB, 2, OTHER_RUNNER)));

    life.when(at(8, renew(1)))
        .thenRefused(
            Code.STALE_ATTEMPT,
            "Expected to renew job 'job-1' at attempt 1, but attempt 2 is the current one")
        .thenTold(
            new Reaction.Tell(
                new RunnerControl.Stop(
                    RUNNER,
                    JOB,
                    1,
                    "Expected to renew job 'job-1' at attempt 1, but attempt 2 is the current"
                        + " one")));
    life.when(at(8, complete(1)));
    assertThat(life.answer()).isInstanceOf(Decision.Rejected.class);
  }

  @Test
  void shouldCountAReportThatComesBeforeAnybodyNoticedTheEndOfTheLease() {
    given(at(0, submit()), at(1, start(1))).when(at(8, complete(1))).thenOne(JobCompleted.class);
  }

  @Test
  void shouldFailWhenTheLastAttemptIsLostToo() {
    var failed =
        given(
                at(0, submit()),
                at(1, start(1)),
                at(6, expire()),
                at(7, start(2)),
                at(8, lost(2)),
                at(9, start(3)))
            .when(at(14, expire()))
            .thenOne(JobFailed.class);

    assertThat(failed.error())
        .isEqualTo(
            "worker_lost: the last of 3 attempts was lost with its runner 'runner-1' (lease_lost:"
                + " runner 'runner-1' was not heard of for 5000 ms)");
  }

  @Test
  void shouldHandBackInOrderAsOftenAsRunnersStop() {
    var life = given(at(0, submit()));
    for (var attempt = 1; attempt <= 2 * Jobs.MAX_ATTEMPTS; attempt++) {
      life.when(at(attempt, start(attempt)));
      life.when(at(attempt, release(attempt))).thenOne(JobRequeued.class);
    }
  }

  @Test
  void shouldCountAttemptsAnewAfterARetry() {
    var life =
        given(
            at(0, submit()),
            at(1, start(1)),
            at(2, lost(1)),
            at(3, start(2)),
            at(4, lost(2)),
            at(5, start(3)),
            at(6, lost(3)),
            at(7, retry()),
            at(8, start(4)));

    life.when(at(9, lost(4))).thenOne(JobRequeued.class);
  }

  @Test
  void shouldNotTakeAFailureForALoss() {
    given(at(0, submit()), at(1, start(1))).when(at(2, fail(1))).thenOne(JobFailed.class);
  }

  private static JobLife given(Step... steps) {
    return JobLife.given(decider(), steps);
  }

  private static Duration deadline(JobLife life) {
    return Duration.between(T0, decider().deadline(life.state()).orElseThrow());
  }

  private static JobDecider decider() {
    return new JobDecider(Set.of(EndpointName.DEFAULT), Jobs.RETENTION, LEASE, Jobs.MAX_ATTEMPTS);
  }
}
