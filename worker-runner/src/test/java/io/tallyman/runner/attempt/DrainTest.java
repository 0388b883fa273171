package io.tallyman.runner.attempt;

import static io.tallyman.runner.attempt.ScriptedRunner.dispatch;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.schemas.job.JobId;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a runner that is told to stop does with what it holds. */
@Timeout(20)
class DrainTest {

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
  void shouldLetWhatRunsGoOnAndTakeNothingNew() throws Exception {
    // given
    runOne();
    var draining = Thread.startVirtualThread(() -> attempts.drain(LONG));
    Await.until("nothing is taken", () -> attempts.offer(dispatch(TWO)) == Offer.REFUSED);

    // when
    runner.finish.countDown();

    // then
    assertThat(runner.next()).isEqualTo("complete one");
    draining.join();
    attempts.close();
    assertThat(runner.reported).isEmpty();
  }

  @Test
  void shouldRenewLeasesWhileItDrains() throws Exception {
    // given
    var lease = Duration.ofMillis(900);
    attempts.offer(dispatch(ONE));
    attempts.run(ONE, Instant.EPOCH, LONG, lease);
    assertThat(runner.next()).isEqualTo("run one");
    var draining = Thread.startVirtualThread(() -> attempts.drain(LONG));

    // when
    var renewals = 0;
    while (renewals < 6) {
      attempts.tick();
      attempts.fence();
      var report = runner.reported.poll();
      renewals += "renew one".equals(report) ? 1 : 0;
      assertThat(report).isNotEqualTo("stopped one");
    }

    // then
    assertThat(draining.isAlive()).isTrue();
  }

  @Test
  void shouldHandBackAtOnceWhatOnlyWaits() throws Exception {
    attempts.offer(dispatch(ONE));

    attempts.drain(LONG);

    assertThat(runner.next()).startsWith("release one: runner_stopped: ");
  }

  @Test
  void shouldKillAndHandBackWhatHasNotEndedInTime() throws Exception {
    runOne();

    attempts.drain(Duration.ofMillis(50));
    assertThat(runner.reported).isEmpty();
    attempts.close();

    assertThat(runner.next()).isEqualTo("stopped one");
    assertThat(runner.next()).startsWith("release one: runner_stopped: ");
  }

  @Test
  void shouldWaitNoLongerWhenToldAgain() throws Exception {
    runOne();
    var draining = Thread.startVirtualThread(() -> attempts.drain(LONG));

    attempts.hurry();

    draining.join();
    assertThat(runner.reported).isEmpty();
  }

  private void runOne() throws InterruptedException {
    attempts.offer(dispatch(ONE));
    attempts.run(ONE, Instant.EPOCH, LONG, LONG);
    assertThat(runner.next()).isEqualTo("run one");
  }
}
