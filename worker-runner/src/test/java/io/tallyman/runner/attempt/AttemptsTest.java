package io.tallyman.runner.attempt;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.runtime.Service.Health;
import io.tallyman.runtime.endpoints.Endpoints;
import io.tallyman.schemas.job.Dispatch;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.RawJson;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The book of attempts, with a runtime that ends when it is told to. */
@Timeout(20)
class AttemptsTest {

  private static final AttemptId ONE = new AttemptId(new JobId("one"), 1);
  private static final AttemptId TWO = new AttemptId(new JobId("two"), 1);
  private static final Duration LONG = Duration.ofMinutes(5);

  private final LinkedBlockingQueue<String> reported = new LinkedBlockingQueue<>();
  private final CountDownLatch finish = new CountDownLatch(1);
  private volatile boolean isHealthy = true;
  private volatile boolean isKafkaUp = true;
  private final Attempts attempts =
      new Attempts(Endpoints.builtIn(), new Scripted(), new Recorded(), 1);

  @AfterEach
  void close() {
    finish.countDown();
    attempts.close();
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
    isHealthy = false;
    attempts.tick();
    assertThat(attempts.awaitFree(1, Duration.ofMillis(1))).isFalse();

    isHealthy = true;
    attempts.tick();
    assertThat(attempts.awaitFree(1, LONG)).isTrue();
    assertThat(attempts.awaitFree(2, Duration.ofMillis(1))).isFalse();
  }

  @Test
  void shouldHandBackWhatAnEarlierRunLeftOnceTheRuntimeIsThere() throws Exception {
    isHealthy = false;
    attempts.tick();
    assertThat(reported).isEmpty();

    isHealthy = true;
    attempts.tick();
    attempts.tick();

    assertThat(next()).isEqualTo("lost left: runner_restarted: the runner was gone");
    assertThat(reported).isEmpty();
  }

  @Test
  void shouldRunOnceAndFreeTheSlotWhenTheReportIsDurable() throws Exception {
    attempts.tick();
    attempts.offer(dispatch(ONE));
    attempts.run(ONE, Instant.EPOCH, LONG, LONG);
    attempts.run(ONE, Instant.EPOCH, LONG, LONG);
    next();
    assertThat(next()).isEqualTo("run one");
    assertThat(attempts.running()).containsEntry(EndpointName.DEFAULT, 1);

    finish.countDown();

    assertThat(next()).isEqualTo("complete one");
    assertThat(attempts.awaitFree(1, LONG)).isTrue();
    assertThat(attempts.running()).containsEntry(EndpointName.DEFAULT, 0);
    assertThat(reported).isEmpty();
  }

  @Test
  void shouldReportNothingWhenItsOrderWasToStop() throws Exception {
    attempts.offer(dispatch(ONE));
    attempts.run(ONE, Instant.EPOCH, LONG, LONG);
    assertThat(next()).isEqualTo("run one");

    attempts.stop(ONE, "cancelled");

    assertThat(next()).isEqualTo("stopped one");
    attempts.tick();
    assertThat(attempts.awaitFree(1, LONG)).isTrue();
    assertThat(next()).startsWith("lost left");
    assertThat(reported).isEmpty();
  }

  @Test
  void shouldStopAnAttemptSoonAfterItsDeadline() throws Exception {
    attempts.offer(dispatch(ONE));
    var before = System.nanoTime();
    attempts.run(ONE, Instant.EPOCH, Duration.ofMillis(-1_900), LONG);

    assertThat(next()).isEqualTo("run one");
    assertThat(next()).isEqualTo("stopped one");
    assertThat(Duration.ofNanos(System.nanoTime() - before))
        .isBetween(Duration.ofMillis(90), Duration.ofSeconds(5));
  }

  @Test
  void shouldFailTheAttemptWhenTheRuntimeBreaks() throws Exception {
    var bad = new AttemptId(new JobId("broken"), 1);
    attempts.offer(dispatch(bad));

    attempts.run(bad, Instant.EPOCH, LONG, LONG);

    assertThat(next())
        .isEqualTo("fail broken: runner_error: Expected to run the attempt, but the runner failed");
  }

  @Test
  void shouldHandBackWhatItHoldsWhenClosed() throws Exception {
    attempts.offer(dispatch(ONE));
    attempts.run(ONE, Instant.EPOCH, LONG, LONG);
    assertThat(next()).isEqualTo("run one");

    attempts.close();

    assertThat(next()).isEqualTo("stopped one");
    assertThat(next()).startsWith("release one: runner_stopped: ");
    assertThat(attempts.offer(dispatch(TWO))).isEqualTo(Offer.REFUSED);
  }

  @Test
  void shouldHandBackWhatWaitsWhenClosed() throws Exception {
    attempts.offer(dispatch(ONE));

    attempts.close();

    assertThat(next()).startsWith("release one: runner_stopped: ");
  }

  @Test
  void shouldHandBackAnOrderForWhatItDoesNotHave() throws Exception {
    attempts.run(TWO, Instant.EPOCH, LONG, LONG);

    assertThat(next()).startsWith("release two: runner_restarted: ");
  }

  @Test
  void shouldForgetWhatWasWithdrawnUnlessItRuns() throws Exception {
    attempts.offer(dispatch(ONE));
    attempts.withdraw(ONE);
    assertThat(attempts.offer(dispatch(TWO))).isEqualTo(Offer.TAKEN);

    attempts.run(TWO, Instant.EPOCH, LONG, LONG);
    attempts.withdraw(TWO);
    assertThat(attempts.offer(dispatch(ONE))).isEqualTo(Offer.REFUSED);
    assertThat(next()).isEqualTo("run two");
  }

  @Test
  void shouldStopWhatItCannotRenewBeforeTheLeaseEnds() throws Exception {
    // given
    isKafkaUp = false;
    var lease = Duration.ofMillis(900);
    attempts.offer(dispatch(ONE));
    var before = System.nanoTime();
    attempts.run(ONE, Instant.EPOCH, LONG, lease);
    assertThat(next()).isEqualTo("run one");

    // when
    while (reported.isEmpty()) {
      attempts.fence();
      Thread.onSpinWait();
    }

    // then
    assertThat(next()).isEqualTo("stopped one");
    assertThat(Duration.ofNanos(System.nanoTime() - before))
        .isBetween(Duration.ofMillis(700), lease);
  }

  @Test
  void shouldHandBackWhatItIsToldToRunWhenItsLeaseIsOver() throws Exception {
    attempts.offer(dispatch(ONE));

    attempts.run(ONE, Instant.EPOCH, LONG, Duration.ofNanos(1));

    assertThat(next()).startsWith("release one: ");
    assertThat(reported).isEmpty();
    assertThat(attempts.offer(dispatch(TWO))).isEqualTo(Offer.TAKEN);
  }

  @Test
  void shouldRunOnAsLongAsItRenews() throws Exception {
    // given
    var lease = Duration.ofMillis(900);
    attempts.tick();
    attempts.offer(dispatch(ONE));
    attempts.run(ONE, Instant.EPOCH, LONG, lease);
    assertThat(next()).startsWith("lost left");
    assertThat(next()).isEqualTo("run one");

    // when
    var renewals = 0;
    while (renewals < 6) {
      attempts.tick();
      attempts.fence();
      var report = reported.poll();
      if (report != null) {
        assertThat(report).isEqualTo("renew one");
        renewals++;
      }
    }

    // then
    assertThat(attempts.running()).containsEntry(EndpointName.DEFAULT, 1);
  }

  private static Dispatch dispatch(AttemptId id) {
    return new Dispatch(id.jobId(), EndpointName.DEFAULT, id.attempt(), RawJson.NULL);
  }

  private String next() throws InterruptedException {
    var one = reported.poll(10, TimeUnit.SECONDS);
    if (one == null) {
      throw new AssertionError("Expected a report within 10 s");
    }
    return one;
  }

  private final class Scripted implements AttemptRuntime {
    @Override
    public String name() {
      return "scripted";
    }

    @Override
    public Outcome run(Attempt attempt, OutputSink output, StopSignal stop)
        throws InterruptedException {
      if (attempt.id().jobId().value().equals("broken")) {
        throw new IllegalStateException("broken on purpose");
      }
      reported.add("run " + attempt.id().jobId());
      stop.onRequest(finish::countDown);
      finish.await();
      if (stop.isRequested()) {
        reported.add("stopped " + attempt.id().jobId());
        return new Outcome.Stopped();
      }
      return new Outcome.Succeeded(RawJson.NULL);
    }

    @Override
    public List<AttemptId> reap() {
      return List.of(new AttemptId(new JobId("left"), 1));
    }

    @Override
    public Health health() {
      return isHealthy ? Health.ready("scripted", "fine") : Health.notReady("scripted", "ill");
    }
  }

  private final class Recorded implements Reports {
    @Override
    public void complete(AttemptId id, RawJson output) {
      reported.add("complete " + id.jobId());
    }

    @Override
    public void fail(AttemptId id, String error) {
      reported.add("fail %s: %s".formatted(id.jobId(), error));
    }

    @Override
    public void release(AttemptId id, String reason) {
      reported.add("release %s: %s".formatted(id.jobId(), reason));
    }

    @Override
    public void lost(AttemptId id, String reason) {
      reported.add("lost %s: %s".formatted(id.jobId(), reason));
    }

    @Override
    public void renew(AttemptId id, Runnable renewed) {
      reported.add("renew %s".formatted(id.jobId()));
      if (isKafkaUp) {
        renewed.run();
      }
    }

    @Override
    public void startAgain(AttemptId id) {
      reported.add("start " + id.jobId());
    }

    @Override
    public OutputSink output(AttemptId id) {
      return (_, _) -> {};
    }
  }
}
