package io.tallyman.runner.attempt;

import static io.tallyman.runner.attempt.ScriptedRunner.dispatch;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.schemas.job.Dispatch;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.RawJson;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The book of attempts, with a runtime that ends when it is told to. */
@Timeout(20)
class AttemptsTest {

  private static final AttemptId ONE = new AttemptId(new JobId("one"), 1);
  private static final AttemptId TWO = new AttemptId(new JobId("two"), 1);
  private static final Duration LONG = Duration.ofMinutes(5);

  private final ScriptedRunner runner = new ScriptedRunner();
  private final Attempts attempts = runner.attempts;

  @AfterEach
  void close() {
    runner.close();
  }

  @Test
  void shouldHoldAnAttemptPerSlotAndKnowIt() {
    assertThat(attempts.offer(dispatch(ONE))).isEqualTo(Offer.TAKEN);
    assertThat(attempts.offer(dispatch(ONE))).isEqualTo(Offer.KNOWN);
    assertThat(attempts.offer(dispatch(TWO))).isEqualTo(Offer.REFUSED);
  }

  @Test
  void shouldRefuseAnEndpointThatItDoesNotServe() {
    var other = new Dispatch(ONE.jobId(), new EndpointName("other"), 1, RawJson.NULL);

    assertThat(attempts.offer(other)).isEqualTo(Offer.REFUSED);
  }

  @Test
  void shouldBeFreeOnlyWhenTheRuntimeCanRunSomething() throws Exception {
    runner.isHealthy = false;
    attempts.tick();
    assertThat(attempts.awaitFree(1, Duration.ofMillis(1))).isFalse();

    runner.isHealthy = true;
    attempts.tick();
    assertThat(attempts.awaitFree(1, LONG)).isTrue();
    assertThat(attempts.awaitFree(2, Duration.ofMillis(1))).isFalse();
  }

  @Test
  void shouldHandBackWhatAnEarlierRunLeftOnceTheRuntimeIsThere() throws Exception {
    runner.isHealthy = false;
    attempts.tick();
    assertThat(runner.reported).isEmpty();

    runner.isHealthy = true;
    attempts.tick();
    attempts.tick();

    assertThat(runner.next()).isEqualTo("lost left: runner_restarted: the runner was gone");
    assertThat(runner.reported).isEmpty();
  }

  @Test
  void shouldRunOnceAndFreeTheSlotWhenTheReportIsDurable() throws Exception {
    attempts.tick();
    attempts.offer(dispatch(ONE));
    attempts.run(ONE, Instant.EPOCH, LONG, LONG);
    attempts.run(ONE, Instant.EPOCH, LONG, LONG);
    runner.next();
    assertThat(runner.next()).isEqualTo("run one");
    assertThat(attempts.running()).containsEntry(EndpointName.DEFAULT, 1);

    runner.finish.countDown();

    assertThat(runner.next()).isEqualTo("complete one");
    assertThat(attempts.awaitFree(1, LONG)).isTrue();
    assertThat(attempts.running()).containsEntry(EndpointName.DEFAULT, 0);
    assertThat(runner.reported).isEmpty();
  }

  @Test
  void shouldReportNothingWhenItsOrderWasToStop() throws Exception {
    attempts.offer(dispatch(ONE));
    attempts.run(ONE, Instant.EPOCH, LONG, LONG);
    assertThat(runner.next()).isEqualTo("run one");

    attempts.stop(ONE, "cancelled");

    assertThat(runner.next()).isEqualTo("stopped one");
    attempts.tick();
    assertThat(attempts.awaitFree(1, LONG)).isTrue();
    assertThat(runner.next()).startsWith("lost left");
    assertThat(runner.reported).isEmpty();
  }

  @Test
  void shouldStopAnAttemptSoonAfterItsDeadline() throws Exception {
    attempts.offer(dispatch(ONE));
    var before = System.nanoTime();
    attempts.run(ONE, Instant.EPOCH, Duration.ofMillis(-1_900), LONG);

    assertThat(runner.next()).isEqualTo("run one");
    assertThat(runner.next()).isEqualTo("stopped one");
    assertThat(Duration.ofNanos(System.nanoTime() - before))
        .isBetween(Duration.ofMillis(90), Duration.ofSeconds(5));
  }

  @Test
  void shouldFailTheAttemptWhenTheRuntimeBreaks() throws Exception {
    var bad = new AttemptId(new JobId("broken"), 1);
    attempts.offer(dispatch(bad));

    attempts.run(bad, Instant.EPOCH, LONG, LONG);

    assertThat(runner.next())
        .isEqualTo("fail broken: runner_error: Expected to run the attempt, but the runner failed");
  }

  @Test
  void shouldHandBackWhatItHoldsWhenClosed() throws Exception {
    attempts.offer(dispatch(ONE));
    attempts.run(ONE, Instant.EPOCH, LONG, LONG);
    assertThat(runner.next()).isEqualTo("run one");

    attempts.close();

    assertThat(runner.next()).isEqualTo("stopped one");
    assertThat(runner.next()).startsWith("release one: runner_stopped: ");
    assertThat(attempts.offer(dispatch(TWO))).isEqualTo(Offer.REFUSED);
  }

  @Test
  void shouldHandBackWhatWaitsWhenClosed() throws Exception {
    attempts.offer(dispatch(ONE));

    attempts.close();

    assertThat(runner.next()).startsWith("release one: runner_stopped: ");
  }

  @Test
  void shouldHandBackAnOrderForWhatItDoesNotHave() throws Exception {
    attempts.run(TWO, Instant.EPOCH, LONG, LONG);

    assertThat(runner.next()).startsWith("release two: runner_restarted: ");
  }

  @Test
  void shouldForgetWhatWasWithdrawnUnlessItRuns() throws Exception {
    attempts.offer(dispatch(ONE));
    attempts.withdraw(ONE);
    assertThat(attempts.offer(dispatch(TWO))).isEqualTo(Offer.TAKEN);

    attempts.run(TWO, Instant.EPOCH, LONG, LONG);
    attempts.withdraw(TWO);
    assertThat(attempts.offer(dispatch(ONE))).isEqualTo(Offer.REFUSED);
    assertThat(runner.next()).isEqualTo("run two");
  }

  @Test
  void shouldStopWhatItCannotRenewBeforeTheLeaseEnds() throws Exception {
    // given
    runner.isKafkaUp = false;
    var lease = Duration.ofMillis(900);
    attempts.offer(dispatch(ONE));
    var before = System.nanoTime();
    attempts.run(ONE, Instant.EPOCH, LONG, lease);
    assertThat(runner.next()).isEqualTo("run one");

    // when
    while (runner.reported.isEmpty()) {
      attempts.fence();
      Thread.onSpinWait();
    }

    // then
    assertThat(runner.next()).isEqualTo("stopped one");
    assertThat(Duration.ofNanos(System.nanoTime() - before))
        .isBetween(Duration.ofMillis(700), lease);
  }

  @Test
  void shouldHandBackWhatItIsToldToRunWhenItsLeaseIsOver() throws Exception {
    attempts.offer(dispatch(ONE));

    attempts.run(ONE, Instant.EPOCH, LONG, Duration.ofNanos(1));

    assertThat(runner.next()).startsWith("release one: ");
    assertThat(runner.reported).isEmpty();
    assertThat(attempts.offer(dispatch(TWO))).isEqualTo(Offer.TAKEN);
  }

  @Test
  void shouldRunOnAsLongAsItRenews() throws Exception {
    // given
    var lease = Duration.ofMillis(900);
    attempts.tick();
    attempts.offer(dispatch(ONE));
    attempts.run(ONE, Instant.EPOCH, LONG, lease);
    assertThat(runner.next()).startsWith("lost left");
    assertThat(runner.next()).isEqualTo("run one");

    // when
    var renewals = 0;
    while (renewals < 6) {
      attempts.tick();
      attempts.fence();
      var report = runner.reported.poll();
      if (report != null) {
        assertThat(report).isEqualTo("renew one");
        renewals++;
      }
    }

    // then
    assertThat(attempts.running()).containsEntry(EndpointName.DEFAULT, 1);
  }
}
