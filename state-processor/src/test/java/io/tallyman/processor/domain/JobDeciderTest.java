package io.tallyman.processor.domain;

import static io.tallyman.processor.Jobs.EXECUTION_TIMEOUT;
import static io.tallyman.processor.Jobs.JOB;
import static io.tallyman.processor.Jobs.LEASE;
import static io.tallyman.processor.Jobs.MAX_ATTEMPTS;
import static io.tallyman.processor.Jobs.OTHER_RUNNER;
import static io.tallyman.processor.Jobs.OUTPUT;
import static io.tallyman.processor.Jobs.RETENTION;
import static io.tallyman.processor.Jobs.RUNNER;
import static io.tallyman.processor.Jobs.SECRET_NAME;
import static io.tallyman.processor.Jobs.T0;
import static io.tallyman.processor.Jobs.TTL;
import static io.tallyman.processor.Jobs.WEBHOOK;
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
import static io.tallyman.processor.domain.JobLife.atMillis;
import static io.tallyman.processor.domain.JobLife.given;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.processor.Jobs;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.EventMeta;
import io.tallyman.schemas.job.JobCommand;
import io.tallyman.schemas.job.JobEvent.JobCancelled;
import io.tallyman.schemas.job.JobEvent.JobCompleted;
import io.tallyman.schemas.job.JobEvent.JobFailed;
import io.tallyman.schemas.job.JobEvent.JobQueued;
import io.tallyman.schemas.job.JobEvent.JobRequeued;
import io.tallyman.schemas.job.JobEvent.JobStarted;
import io.tallyman.schemas.job.JobEvent.JobTimedOut;
import io.tallyman.schemas.job.JobEvent.Run;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What the facts say: each event carries every number, computed. */
class JobDeciderTest {

  @Test
  void shouldTellTheWholeRequestAndItsEndWhenSubmitted() {
    given()
        .when(at(0, submit()))
        .then(new JobQueued(meta(1, 1, T0, "api"), request(), T0.plus(TTL)));
  }

  @Test
  void shouldTellTheDelayAndTheDeadlineWhenStarted() {
    given(at(0, submit()))
        .when(atMillis(1_234, start(1)))
        .then(
            new JobStarted(
                meta(2, 1, T0.plusMillis(1_234), "runner/runner-1"),
                RUNNER,
                Duration.ofMillis(1_234),
                T0.plusMillis(1_234).plus(EXECUTION_TIMEOUT)));
  }

  @Test
  void shouldEndTheAttemptWithTheTtlWhenThatIsEarlier() {
    var started = given(at(0, submit())).when(at(50, start(1))).thenOne(JobStarted.class);

    assertThat(started.deadline()).isEqualTo(T0.plus(TTL));
  }

  @Test
  void shouldTellHowItRanWhenCompleted() {
    given(at(0, submit()), at(3, start(1)))
        .when(atMillis(10_005, complete(1)))
        .then(
            new JobCompleted(
                meta(3, 1, T0.plusMillis(10_005), "runner/runner-1"), run(3_000, 7_005), OUTPUT));
  }

  @Test
  void shouldTellTheErrorWhenFailed() {
    given(at(0, submit()), at(3, start(1)))
        .when(at(10, fail(1)))
        .then(
            new JobFailed(
                meta(3, 1, T0.plusSeconds(10), "runner/runner-1"),
                run(3_000, 7_000),
                "exit_code: the container ended with 3"));
  }

  @Test
  void shouldTellNoRunWhenCancelledInTheQueue() {
    given(at(0, submit()))
        .when(at(4, new JobCommand.Cancel(JOB, "ops")))
        .then(new JobCancelled(meta(2, 1, T0.plusSeconds(4), "ops"), Optional.empty()));
  }

  @Test
  void shouldTellTheRunWhenCancelledWhileRunning() {
    given(at(0, submit()), at(3, start(1)))
        .when(at(4, cancel()))
        .then(
            new JobCancelled(meta(3, 1, T0.plusSeconds(4), "api"), Optional.of(run(3_000, 1_000))));
  }

  @Test
  void shouldNameTheTtlWhenItPassesInTheQueue() {
    given(at(0, submit()))
        .when(at(60, expire()))
        .then(
            new JobTimedOut(
                meta(2, 1, T0.plus(TTL), "timer"),
                Optional.empty(),
                "ttl: the job did not end within policy.ttl, 60000 ms"));
  }

  @Test
  void shouldNameTheExecutionTimeoutWhenItPasses() {
    given(at(0, submit()), at(3, start(1)))
        .when(at(23, expire()))
        .then(
            new JobTimedOut(
                meta(3, 1, T0.plusSeconds(23), "timer"),
                Optional.of(run(3_000, 20_000)),
                "execution_timeout: the attempt ran longer than policy.executionTimeout,"
                    + " 20000 ms"));
  }

  @Test
  void shouldNameTheTtlWhenItPassesWhileRunning() {
    var timedOut =
        given(at(0, submit()), at(50, start(1))).when(at(60, expire())).thenOne(JobTimedOut.class);

    assertThat(timedOut.error()).startsWith("ttl: ");
    assertThat(timedOut.run()).contains(run(50_000, 10_000));
  }

  @Test
  void shouldEndAtTheMillisecondOfTheDeadlineAndNotBefore() {
    given(at(0, submit())).when(atMillis(59_999, expire())).then();
    given(at(0, submit())).when(atMillis(60_000, expire())).thenOne(JobTimedOut.class);
  }

  @Test
  void shouldCountTheNextAttemptAndKeepTheTtlWhenReleased() {
    given(at(0, submit()), at(3, start(1)))
        .when(at(5, release(1)))
        .then(
            new JobRequeued(
                meta(3, 2, T0.plusSeconds(5), "runner/runner-1"),
                "runner_stopped: it was told to stop",
                T0.plus(TTL)));
  }

  @Test
  void shouldCountTheDelayFromTheReleaseWhenStartedAgain() {
    given(at(0, submit()), at(3, start(1)), at(5, release(1)))
        .when(at(9, new JobCommand.Start(JOB, 2, OTHER_RUNNER)))
        .then(
            new JobStarted(
                meta(4, 2, T0.plusSeconds(9), "runner/runner-2"),
                OTHER_RUNNER,
                Duration.ofSeconds(4),
                T0.plusSeconds(29)));
  }

  @Test
  void shouldGiveANewTtlAndTheNextAttemptWhenRetried() {
    given(at(0, submit()), at(1, start(1)), at(2, fail(1)))
        .when(at(1_000, retry()))
        .then(
            new JobRequeued(
                meta(4, 2, T0.plusSeconds(1_000), "api"),
                "retried: asked for by api",
                T0.plusSeconds(1_000).plus(TTL)));
  }

  @Test
  void shouldCountSequencesWithoutAGapOverAttempts() {
    var life =
        given(
            at(0, submit()),
            at(1, start(1)),
            at(2, release(1)),
            at(3, start(2)),
            at(4, start(2)), // repeated: no event
            at(5, complete(1)), // late: refused
            at(6, fail(2)),
            at(7, retry()),
            at(8, start(3)),
            at(9, complete(3)));

    assertThat(life.log().stream().map(event -> event.meta().sequence()))
        .containsExactly(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L);
    assertThat(life.log().stream().map(event -> event.meta().attempt()))
        .containsExactly(1, 1, 2, 2, 2, 3, 3, 3);
  }

  @Test
  void shouldCarryTheWebhookInEveryEvent() {
    var life =
        given(
            at(0, submit()),
            at(1, start(1)),
            at(2, release(1)),
            at(3, start(2)),
            at(4, fail(2)),
            at(5, retry()),
            at(70, expire()),
            at(71, retry()),
            at(72, start(4)),
            at(73, complete(4)));

    assertThat(life.log()).hasSize(10);
    assertThat(life.log()).allSatisfy(it -> assertThat(it.meta().webhook()).contains(WEBHOOK));
    assertThat(life.log())
        .allSatisfy(it -> assertThat(it.meta().webhookSecretName()).contains(SECRET_NAME));
    assertThat(life.log())
        .allSatisfy(it -> assertThat(it.meta().endpoint()).isEqualTo(EndpointName.DEFAULT));
  }

  @Test
  void shouldNeverTellANegativeTimeWhenTheBrokersClockWasSetBack() {
    var started = given(at(5, submit())).when(at(3, start(1))).thenOne(JobStarted.class);
    var completed =
        given(at(5, submit()), at(3, start(1)))
            .when(at(1, complete(1)))
            .thenOne(JobCompleted.class);

    assertThat(started.delayTime()).isZero();
    assertThat(completed.run()).isEqualTo(run(0, 0));
  }

  @Test
  void shouldFailTheJobWhenReleasedAndTheEndpointIsNoLongerServed() {
    var life = given(at(0, submit()), at(1, start(1)));

    assertThat(withoutEndpoints().decide(life.state(), release(1), T0.plusSeconds(3)))
        .isEqualTo(
            new Decision.Accepted(
                new JobFailed(
                    meta(3, 1, T0.plusSeconds(3), "runner/runner-1"),
                    run(1_000, 2_000),
                    "endpoint_gone: no runner can take the job over, because endpoint"
                        + " 'default' is not served any more")));
  }

  @Test
  void shouldForgetAnEndedJobAfterItsRetentionAndNotBefore() {
    var decider = Jobs.decider();
    var life = given(at(0, submit()), at(1, start(1)), at(2, complete(1)));
    var end = T0.plusSeconds(2).plus(RETENTION);

    assertThat(decider.deadline(life.state())).contains(end);
    assertThat(decider.isForgettable(life.state(), end.minusMillis(1))).isFalse();
    assertThat(decider.isForgettable(life.state(), end)).isTrue();
  }

  private static JobDecider withoutEndpoints() {
    return new JobDecider(Set.of(), RETENTION, LEASE, MAX_ATTEMPTS);
  }

  private static EventMeta meta(long sequence, int attempt, Instant time, String actor) {
    return new EventMeta(
        JOB,
        EndpointName.DEFAULT,
        sequence,
        attempt,
        time,
        actor,
        Optional.of(WEBHOOK),
        Optional.of(SECRET_NAME));
  }

  private static Run run(long delayMillis, long executionMillis) {
    return new Run(RUNNER, Duration.ofMillis(delayMillis), Duration.ofMillis(executionMillis));
  }
}
