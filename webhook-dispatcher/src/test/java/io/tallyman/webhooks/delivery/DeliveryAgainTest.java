package io.tallyman.webhooks.delivery;

import static io.tallyman.webhooks.delivery.DelivererFixture.RECEIVER;
import static io.tallyman.webhooks.delivery.DelivererFixture.TIME;
import static io.tallyman.webhooks.delivery.DelivererFixture.answer;
import static io.tallyman.webhooks.delivery.DelivererFixture.await;
import static io.tallyman.webhooks.delivery.DelivererFixture.logged;
import static io.tallyman.webhooks.delivery.DelivererFixture.queued;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.runtime.endpoints.Endpoints;
import io.tallyman.runtime.webhooks.WebhookId;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.WebhookAttempt;
import io.tallyman.webhooks.delivery.Sender.Request;
import java.time.Duration;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What an earlier run, a freeze and an order to tell again do to a delivery. */
@Timeout(60)
class DeliveryAgainTest {

  private static final Endpoints ENDPOINTS =
      Endpoints.parse(
          "test.yaml",
          """
          endpoints:
            default:
              image: x
              command: [x]
              webhook: {delay: 10ms}
          """
              .getBytes(UTF_8));

  private final DelivererFixture fixture = new DelivererFixture(ENDPOINTS);
  private final ScheduledThreadPoolExecutor timer = fixture.timer;
  private final PastAttempts past = fixture.past;
  private final Origin origin = fixture.origin;
  private final Backlog backlog = fixture.backlog;
  private final Queue<Request> requests = fixture.requests;
  private final Queue<WebhookAttempt> letters = fixture.letters;
  private final AtomicLong nanos = fixture.nanos;
  private final Pulse pulse = fixture.pulse;
  private final AtomicInteger done = fixture.done;

  @AfterEach
  void stop() {
    fixture.timer.shutdownNow();
  }

  /** As after a SIGSTOP: all timers are due at once, and the partition may be another's. */
  @Test
  void shouldSendNothingAfterItWasFrozenUntilItsGroupAnswered() throws Exception {
    // given
    var deliverer =
        fixture.deliverer(
            _ -> {
              var isFirst = nanos.getAndSet(Duration.ofSeconds(20).toNanos()) == 0;
              return answer(isFirst ? 500 : 200);
            });
    fixture.tell(deliverer, queued("job-1", 1, "default"));
    await(() -> requests.size() == 1);

    // when: many times the pause of 10 ms
    timer.schedule(() -> true, 700, TimeUnit.MILLISECONDS).get();

    // then
    assertThat(requests).hasSize(1);
    pulse.polled(nanos.get(), 0);
    pulse.polled(nanos.get(), 1);
    await(() -> done.get() == 1);
    assertThat(requests).hasSize(2);
  }

  /** A receiver that has just come back is not knocked over again. */
  @Test
  void shouldTellWhatWasMissedAtTenPerSecondAndWhatIsOrderedByHandAtOnce() throws Exception {
    // given
    var deliverer = fixture.deliverer(_ -> answer(200));
    var start = System.nanoTime();

    // when
    for (var i = 0; i < 11; i++) {
      var missed = logged(queued("job-" + i, 1, "default"));
      deliverer.redeliver(missed, RECEIVER, WebhookAttempt.REDRIVE, origin, done::incrementAndGet);
    }
    var ordered = logged(queued("by-hand", 1, "default"));
    deliverer.redeliver(ordered, RECEIVER, WebhookAttempt.MANUAL, origin, done::incrementAndGet);
    await(() -> requests.stream().anyMatch(it -> it.body().toString().contains("by-hand")));
    var byHand = Duration.ofNanos(System.nanoTime() - start);
    await(() -> done.get() == 12);

    // then
    assertThat(Duration.ofNanos(System.nanoTime() - start))
        .isBetween(Duration.ofMillis(900), Duration.ofMillis(5_000));
    assertThat(byHand).isLessThan(Duration.ofMillis(900));
    assertThat(requests)
        .extracting(it -> it.headers().get("webhook-trigger"))
        .containsOnly("redrive", "manual");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void shouldGoOnCountingWhereAnEarlierRunEnded(int made) {
    // given
    past.add(past("job-1", made, "status", false));
    var deliverer = fixture.deliverer(_ -> answer(500));

    // when
    fixture.tell(deliverer, queued("job-1", 1, "default"));
    await(() -> done.get() == 1);

    // then
    assertThat(requests).hasSize(3 - made);
    assertThat(letters).extracting(WebhookAttempt::attempt).containsExactly(3);
    assertThat(past.size()).isZero();
  }

  @Test
  void shouldWriteTheLetterThatAnEarlierRunDidNotGetToWrite() {
    past.add(past("job-1", 3, "timeout", true));
    var deliverer = fixture.deliverer(_ -> answer(200));

    fixture.tell(deliverer, queued("job-1", 1, "default"));
    await(() -> done.get() == 1);

    assertThat(requests).isEmpty();
    assertThat(letters).extracting(WebhookAttempt::outcome).containsExactly("timeout");
  }

  @Test
  void shouldNotTellAgainWhatWasAcknowledgedBeforeTheCommit() {
    past.add(past("job-1", 1, "status", false));
    past.add(past("job-1", 2, "delivered", true));
    var deliverer = fixture.deliverer(_ -> answer(200));

    fixture.tell(deliverer, queued("job-1", 1, "default"));
    await(() -> done.get() == 1);

    assertThat(requests).isEmpty();
    assertThat(letters).isEmpty();
  }

  @Test
  void shouldNotCountWhatWeStoppedOurselvesOrSomebodyAskedFor() {
    past.add(past("job-1", 2, "interrupted", false));
    assertThat(past.size()).isZero();
  }

  @Test
  void shouldGiveUpWhatHasWaitedForADay() {
    // given
    var deliverer = fixture.deliverer(_ -> answer(200));
    var event = queued("job-1", 1, "default");

    // when
    deliverer.expire(logged(event), RECEIVER, origin, done::incrementAndGet);
    await(() -> done.get() == 1);

    // then
    assertThat(requests).isEmpty();
    assertThat(letters).extracting(WebhookAttempt::outcome).containsExactly("expired");
    assertThat(backlog.deliveries()).isZero();
  }

  private static WebhookAttempt past(String job, int attempt, String outcome, boolean isFinal) {
    return new WebhookAttempt(
        WebhookId.of(new JobId(job), 1, EndpointName.DEFAULT),
        new JobId(job),
        EndpointName.DEFAULT,
        1,
        attempt,
        WebhookAttempt.AUTO,
        RECEIVER,
        TIME,
        Duration.ZERO,
        outcome,
        Optional.empty(),
        "",
        isFinal,
        Optional.empty(),
        Optional.empty());
  }
}
