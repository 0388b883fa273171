package io.tallyman.runner.attempt;

import static io.tallyman.runner.attempt.ScriptedRunner.dispatch;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.RawJson;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a runner does with the attempts that an earlier process of it began. */
@Timeout(20)
class OrphansTest {

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
  void shouldAskAboutItOnceAndGoOnWithItWhenTold() throws Exception {
    // given
    leave(EndpointName.DEFAULT, LONG);

    // when
    attempts.tick();
    attempts.tick();

    // then it is asked about, holds a slot, and nothing is done to it
    assertThat(runner.next()).isEqualTo("start one");
    assertThat(runner.reported).isEmpty();
    assertThat(attempts.offer(dispatch(ONE))).isEqualTo(Offer.KNOWN);
    assertThat(attempts.offer(dispatch(TWO))).isEqualTo(Offer.REFUSED);

    // when
    attempts.run(ONE, Instant.EPOCH, LONG, LONG);
    attempts.run(ONE, Instant.EPOCH, LONG, LONG);
    assertThat(runner.next()).isEqualTo("resume one");
    runner.finish.countDown();

    // then
    assertThat(runner.next()).isEqualTo("complete one");
    assertThat(attempts.awaitFree(1, LONG)).isTrue();
    assertThat(runner.reported).isEmpty();
  }

  @Test
  void shouldFindItBeforeAnybodyCanBeAsked() throws Exception {
    leave(EndpointName.DEFAULT, LONG);

    attempts.look();
    assertThat(runner.reported).isEmpty();

    attempts.tick();
    assertThat(runner.next()).isEqualTo("start one");
  }

  @Test
  void shouldDiscardItWithoutAWordWhenItMayNotGoOn() throws Exception {
    leave(EndpointName.DEFAULT, LONG);
    attempts.tick();
    assertThat(runner.next()).isEqualTo("start one");

    attempts.stop(ONE, "the attempt is over");

    assertThat(runner.next()).isEqualTo("discard one");
    assertThat(attempts.awaitFree(1, LONG)).isTrue();
    assertThat(runner.reported).isEmpty();
  }

  @Test
  void shouldDiscardItWhenNobodyAnswersWithinItsLease() throws Exception {
    // given
    var lease = Duration.ofSeconds(3);
    var before = System.nanoTime();
    leave(EndpointName.DEFAULT, lease);
    attempts.look();

    // when
    while (runner.reported.isEmpty()) {
      attempts.fence();
      Thread.onSpinWait();
    }

    // then
    assertThat(Duration.ofNanos(System.nanoTime() - before))
        .isBetween(Duration.ofMillis(2_400), lease);
    assertThat(runner.next()).isEqualTo("discard one");
    attempts.tick();
    assertThat(runner.next())
        .isEqualTo("lost one: runner_restarted: nobody said in time that the attempt may go on");
  }

  @Test
  void shouldRenewItsLeaseAndObeyItOnceItGoesOn() throws Exception {
    // given
    var lease = Duration.ofMillis(900);
    leave(EndpointName.DEFAULT, lease);
    attempts.tick();
    assertThat(runner.next()).isEqualTo("start one");
    attempts.run(ONE, Instant.EPOCH, LONG, lease);
    assertThat(runner.next()).isEqualTo("resume one");

    // when
    var renewals = 0;
    while (renewals < 6) {
      attempts.tick();
      attempts.fence();
      if (!runner.reported.isEmpty()) {
        assertThat(runner.next()).isEqualTo("renew one");
        renewals++;
      }
    }
    runner.isKafkaUp = false;
    while (runner.reported.stream().noneMatch("stopped one"::equals)) {
      attempts.fence();
      Thread.onSpinWait();
    }

    // then
    assertThat(attempts.awaitFree(1, LONG)).isTrue();
  }

  @Test
  void shouldLoseItWhenItsEndpointIsNotServedAnyMore() throws Exception {
    leave(new EndpointName("gone"), LONG);

    attempts.tick();

    assertThat(runner.next()).isEqualTo("discard one");
    assertThat(runner.next()).startsWith("lost one: runner_restarted: ");
    assertThat(runner.reported).isEmpty();
  }

  @Test
  void shouldDiscardAndHandItBackWhenClosedBeforeTheAnswer() throws Exception {
    leave(EndpointName.DEFAULT, LONG);
    attempts.tick();
    assertThat(runner.next()).isEqualTo("start one");

    attempts.close();

    assertThat(List.of(runner.next(), runner.next()))
        .containsExactlyInAnyOrder(
            "discard one", "release one: runner_stopped: the runner is shutting down");
    assertThat(runner.reported).isEmpty();
  }

  private void leave(EndpointName endpoint, Duration lease) {
    runner.left = new Left(List.of(), List.of(new Left.Orphan(ONE, endpoint, RawJson.NULL, lease)));
  }
}
