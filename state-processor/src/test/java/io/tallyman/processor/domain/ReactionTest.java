package io.tallyman.processor.domain;

import static io.tallyman.processor.Jobs.INPUT;
import static io.tallyman.processor.Jobs.JOB;
import static io.tallyman.processor.Jobs.OTHER_RUNNER;
import static io.tallyman.processor.Jobs.OUTPUT;
import static io.tallyman.processor.Jobs.RUNNER;
import static io.tallyman.processor.Jobs.T0;
import static io.tallyman.processor.Jobs.cancel;
import static io.tallyman.processor.Jobs.complete;
import static io.tallyman.processor.Jobs.expire;
import static io.tallyman.processor.Jobs.fail;
import static io.tallyman.processor.Jobs.release;
import static io.tallyman.processor.Jobs.request;
import static io.tallyman.processor.Jobs.retry;
import static io.tallyman.processor.Jobs.start;
import static io.tallyman.processor.Jobs.submit;
import static io.tallyman.processor.domain.JobLife.at;
import static io.tallyman.processor.domain.JobLife.given;

import io.tallyman.processor.domain.JobLife.Step;
import io.tallyman.processor.domain.Reaction.Offer;
import io.tallyman.processor.domain.Reaction.Tell;
import io.tallyman.schemas.job.Dispatch;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobCommand;
import io.tallyman.schemas.job.RunnerControl;
import io.tallyman.schemas.job.RunnerId;
import org.junit.jupiter.api.Test;

/** What the runners learn. */
class ReactionTest {

  private static final Step SUBMITTED = at(0, submit());
  private static final Step STARTED = at(1, start(1));

  @Test
  void shouldOfferTheFirstAttemptWhenSubmitted() {
    given().when(SUBMITTED).thenTold(offer(1, false));
  }

  @Test
  void shouldOfferBehindTheOthersWhenThePriorityIsLow() {
    given()
        .when(at(0, submit(request(EndpointName.DEFAULT, "f00d", true))))
        .thenTold(offer(1, true));
  }

  @Test
  void shouldOfferTheNextAttemptWhenReleased() {
    given(SUBMITTED, STARTED).when(at(2, release(1))).thenTold(offer(2, false));
  }

  @Test
  void shouldOfferTheNextAttemptWhenRetried() {
    given(SUBMITTED, STARTED, at(2, fail(1))).when(at(3, retry())).thenTold(offer(2, false));
  }

  @Test
  void shouldTellTheRunnerToRunWhenItStarts() {
    given(SUBMITTED).when(STARTED).thenTold(run(31));
  }

  @Test
  void shouldTellTheRunnerAgainToRunWhenItsStartComesTwice() {
    given(SUBMITTED, STARTED).when(at(2, start(1))).thenTold(run(32));
  }

  @Test
  void shouldStopTheSecondRunnerWhenTwoStartTheSameAttempt() {
    given(SUBMITTED, STARTED)
        .when(at(2, new JobCommand.Start(JOB, 1, OTHER_RUNNER)))
        .thenTold(
            stop(OTHER_RUNNER, 1, "Expected to start job 'job-1', but runner 'runner-1' runs it"));
  }

  @Test
  void shouldStopTheRunnerWhenCancelledWhileRunning() {
    given(SUBMITTED, STARTED)
        .when(at(2, cancel()))
        .thenTold(stop(RUNNER, 1, "the job was cancelled"));
  }

  @Test
  void shouldStopTheRunnerWhenTimeIsOver() {
    given(SUBMITTED, STARTED)
        .when(at(21, expire()))
        .thenTold(stop(RUNNER, 1, "the job ran out of time"));
  }

  @Test
  void shouldStopTheRunnerWhoseStartComesAfterTtl() {
    given(SUBMITTED).when(at(60, start(1))).thenTold(stop(RUNNER, 1, "the job ran out of time"));
  }

  @Test
  void shouldTellNobodyWhenNobodyRunsIt() {
    given(SUBMITTED).when(at(1, cancel())).thenTold();
    given(SUBMITTED).when(at(60, expire())).thenTold();
    given(SUBMITTED).when(at(1, expire())).thenTold();
  }

  @Test
  void shouldTellNobodyWhenTheRunnerItselfReported() {
    given(SUBMITTED, STARTED).when(at(2, complete(1))).thenTold();
    given(SUBMITTED, STARTED).when(at(2, fail(1))).thenTold();
  }

  @Test
  void shouldStopTheSenderWhenItsReportIsLate() {
    var late = "Expected to %s job 'job-1' at attempt 1, but attempt 2 is the current one";
    var life = given(SUBMITTED, STARTED, at(2, release(1)), at(3, start(2)));

    life.when(at(4, complete(1))).thenTold(stop(RUNNER, 1, late.formatted("complete")));
    life.when(at(4, fail(1))).thenTold(stop(RUNNER, 1, late.formatted("fail")));
    life.when(at(4, release(1))).thenTold(stop(RUNNER, 1, late.formatted("release")));
    life.when(at(4, start(1))).thenTold(stop(RUNNER, 1, late.formatted("start")));
  }

  @Test
  void shouldStopTheSenderAndNotTheOwnerWhenAnotherRunnerReports() {
    given(SUBMITTED, STARTED)
        .when(at(2, new JobCommand.Complete(JOB, 1, OTHER_RUNNER, OUTPUT)))
        .thenTold(
            stop(
                OTHER_RUNNER,
                1,
                "Expected to complete job 'job-1', but runner 'runner-1' runs it"));
  }

  @Test
  void shouldTellNobodyWhenSomebodyElseIsRefused() {
    given(SUBMITTED, STARTED).when(at(2, submit())).thenTold();
    given(SUBMITTED, STARTED).when(at(2, retry())).thenTold();
    given().when(at(2, cancel())).thenTold();
    given().when(at(2, expire())).thenTold();
  }

  private static Reaction offer(int attempt, boolean isLowPriority) {
    return new Offer(new Dispatch(JOB, EndpointName.DEFAULT, attempt, INPUT), isLowPriority);
  }

  private static Reaction run(int leaseUntil) {
    return new Tell(
        new RunnerControl.Run(RUNNER, JOB, 1, T0.plusSeconds(21), T0.plusSeconds(leaseUntil)));
  }

  private static Reaction stop(RunnerId runner, int attempt, String reason) {
    return new Tell(new RunnerControl.Stop(runner, JOB, attempt, reason));
  }
}
