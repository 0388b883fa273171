package io.tallyman.webhooks.delivery;

import static io.tallyman.webhooks.delivery.DelivererFixture.RECEIVER;
import static io.tallyman.webhooks.delivery.DelivererFixture.answer;
import static io.tallyman.webhooks.delivery.DelivererFixture.await;
import static io.tallyman.webhooks.delivery.DelivererFixture.logged;
import static io.tallyman.webhooks.delivery.DelivererFixture.queued;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.tallyman.runtime.endpoints.Endpoint.Success;
import io.tallyman.runtime.endpoints.Endpoints;
import io.tallyman.runtime.webhooks.WebhookId;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.WebhookAttempt;
import io.tallyman.webhooks.delivery.Outcome.Kind;
import io.tallyman.webhooks.delivery.Sender.Exchange;
import io.tallyman.webhooks.delivery.Sender.Request;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Timeout(60)
class DelivererTest {

  private static final Endpoints ENDPOINTS =
      Endpoints.parse(
          "test.yaml",
          """
          endpoints:
            default:
              image: x
              command: [x]
              webhook:
                secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
                delay: 10ms
            patient:
              image: x
              command: [x]
              webhook: {delay: 1h}
          """
              .getBytes(UTF_8));

  private final DelivererFixture fixture = new DelivererFixture(ENDPOINTS);
  private final Claim claim = fixture.origin.claim();
  private final Queue<Request> requests = fixture.requests;
  private final Queue<WebhookAttempt> attempts = fixture.attempts;
  private final Queue<WebhookAttempt> letters = fixture.letters;
  private final AtomicInteger done = fixture.done;

  @AfterEach
  void stop() {
    fixture.timer.shutdownNow();
  }

  static List<Throwable> throwables() {
    return List.of(
        new IllegalStateException("x"), new StackOverflowError("x"), new OutOfMemoryError("x"));
  }

  @Test
  void shouldSendTheHeadersOfStandardWebhooks() {
    // given
    var deliverer = fixture.deliverer(_ -> answer(200));

    // when
    fixture.tell(deliverer, queued("job-1", 7, "default"));
    await(() -> done.get() == 1);

    // then
    var request = requests.remove();
    assertThat(request.url()).isEqualTo(RECEIVER);
    assertThat(request.body().toString()).isEqualTo("{\"id\":\"job-1\",\"status\":\"IN_QUEUE\"}");
    assertThat(request.headers())
        .containsOnlyKeys(
            "webhook-id",
            "webhook-timestamp",
            "webhook-signature",
            "webhook-attempt",
            "webhook-sequence")
        .containsEntry("webhook-id", WebhookId.of(new JobId("job-1"), 7, EndpointName.DEFAULT))
        .containsEntry("webhook-timestamp", "1614265330")
        .containsEntry("webhook-attempt", "1")
        .containsEntry("webhook-sequence", "7");
  }

  @Test
  void shouldTellUnsignedWithTheDefaultsWhenTheEndpointIsGone() {
    // given
    var deliverer = fixture.deliverer(_ -> answer(200));

    // when
    fixture.tell(deliverer, queued("job-1", 1, "gone"));
    await(() -> done.get() == 1);

    // then
    var request = requests.remove();
    assertThat(request.headers()).doesNotContainKey("webhook-signature");
    assertThat(request.deadline()).isEqualTo(Duration.ofSeconds(10));
    assertThat(request.success()).isEqualTo(Success.ONLY_200);
  }

  @Test
  void shouldTryAgainUntilItIsAcknowledged() {
    // given
    var calls = new AtomicInteger();
    var deliverer = fixture.deliverer(_ -> answer(calls.incrementAndGet() < 3 ? 500 : 200));

    // when
    fixture.tell(deliverer, queued("job-1", 1, "default"));
    await(() -> done.get() == 1);

    // then
    assertThat(requests)
        .extracting(it -> it.headers().get("webhook-attempt"))
        .containsExactly("1", "2", "3");
    assertThat(requests)
        .extracting(it -> it.headers().get("webhook-id"))
        .containsOnly(WebhookId.of(new JobId("job-1"), 1, EndpointName.DEFAULT));
    assertThat(attempts)
        .extracting(WebhookAttempt::outcome)
        .containsExactly("status", "status", "delivered");
    assertThat(attempts).extracting(WebhookAttempt::isFinal).containsExactly(false, false, true);
    assertThat(letters).isEmpty();
  }

  @Test
  void shouldBeDoneOnlyWhenTheDeadLetterIsDurable() {
    // given
    var deliverer = fixture.deliverer(_ -> answer(500));

    // when
    var durable = new CompletableFuture<Object>();
    fixture.durable(durable);
    fixture.tell(deliverer, queued("job-1", 1, "default"));
    fixture.tell(deliverer, queued("job-1", 2, "default"));
    await(() -> letters.size() == 1);

    // then
    assertThat(done).hasValue(0);
    assertThat(requests).hasSize(3);
    fixture.durable(CompletableFuture.completedFuture(""));
    durable.complete("");
    await(() -> done.get() == 2);
    assertThat(letters)
        .extracting(WebhookAttempt::sequence, WebhookAttempt::attempt, WebhookAttempt::isFinal)
        .containsExactly(tuple(1L, 3, true), tuple(2L, 3, true));
  }

  @Test
  void shouldGiveUpAtOnceWhenTheUrlCannotBeAsked() {
    // given
    var deliverer = fixture.deliverer(_ -> Outcome.failed(Kind.INVALID_URL, "no"));

    // when
    fixture.tell(deliverer, queued("job-1", 1, "default"));
    await(() -> done.get() == 1);

    // then
    assertThat(requests).hasSize(1);
    assertThat(letters).extracting(WebhookAttempt::outcome).containsExactly("invalid_url");
  }

  @ParameterizedTest
  @MethodSource("throwables")
  void shouldComeToAnEndWhenOurOwnCodeThrows(Throwable thrown) {
    // given
    var calls = new AtomicInteger();
    var deliverer =
        fixture.deliverer(
            _ -> {
              if (calls.incrementAndGet() >= 2) {
                DelivererTest.<RuntimeException>raise(thrown);
              }
              return answer(500);
            });

    // when
    fixture.tell(deliverer, queued("job-1", 1, "default"));
    await(() -> done.get() == 1);

    // then
    assertThat(attempts)
        .extracting(WebhookAttempt::outcome)
        .containsExactly("status", "internal", "internal");
    assertThat(letters).hasSize(1);
    // Its slot is given back a moment after.
    await(() -> deliverer.inFlight() == 0);
  }

  @ParameterizedTest
  @MethodSource("throwables")
  void shouldComeToAnEndWhenTheAttemptCannotBeRecorded(Throwable thrown) {
    // given
    fixture.recording(() -> DelivererTest.<RuntimeException>raise(thrown));
    var deliverer = fixture.deliverer(_ -> answer(500));

    // when
    fixture.tell(deliverer, queued("job-1", 1, "default"));
    await(() -> done.get() == 1);

    // then
    assertThat(letters).hasSize(1);
  }

  @Test
  void shouldLetGoOfASleepingDeliveryWhenTheClaimIsReleased() throws Exception {
    // given: an attempt failed, the next is an hour away, another event waits behind it
    var deliverer = fixture.deliverer(_ -> answer(500));
    fixture.tell(deliverer, queued("job-1", 1, "patient"));
    fixture.tell(deliverer, queued("job-1", 2, "patient"));
    await(() -> attempts.size() == 1);

    // when
    claim.release();

    // then
    assertThat(claim.awaitIdle(Duration.ofSeconds(5))).isTrue();
    await(() -> fixture.backlog.deliveries() == 0);
    assertThat(done).hasValue(0);
    assertThat(requests).hasSize(1);
    assertThat(letters).isEmpty();
  }

  @Test
  void shouldCancelTheRequestWhenTheClaimIsReleased() throws Exception {
    // given
    var cancelled = new CountDownLatch(1);
    Sender hanging =
        request ->
            new Exchange() {
              @Override
              public Outcome run() {
                requests.add(request);
                try {
                  cancelled.await();
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
                return Outcome.failed(Kind.INTERRUPTED, "cancelled");
              }

              @Override
              public void cancel() {
                cancelled.countDown();
              }
            };
    var deliverer = fixture.delivererWith(hanging);
    fixture.tell(deliverer, queued("job-1", 1, "default"));
    await(() -> requests.size() == 1);

    // when
    claim.release();

    // then
    assertThat(claim.awaitIdle(Duration.ofSeconds(5))).isTrue();
    assertThat(done).hasValue(0);
    assertThat(attempts).extracting(WebhookAttempt::outcome).containsExactly("interrupted");
    assertThat(attempts).extracting(WebhookAttempt::isFinal).containsExactly(false);
  }

  @Test
  void shouldCountAnAnswerThatCameBeforeTheClaimWasReleased() throws Exception {
    // given: the answer is there when the cancellation comes
    var deliverer =
        fixture.deliverer(
            _ -> {
              claim.release();
              return answer(200);
            });

    // when
    fixture.tell(deliverer, queued("job-1", 1, "default"));

    // then
    await(() -> done.get() == 1);
    assertThat(claim.awaitIdle(Duration.ofSeconds(5))).isTrue();
  }

  @Test
  void shouldNotLetASilentReceiverDelayAnotherJob() {
    // given: more silent requests than their target has slots
    var free = new CountDownLatch(1);
    var deliverer =
        fixture.deliverer(
            request -> {
              if (request.url().getHost().equals("silent.test")) {
                try {
                  free.await();
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              }
              return answer(200);
            });
    for (var i = 0; i < 300; i++) {
      deliverer.tell(
          logged(queued("silent-" + i, 1, "default")),
          URI.create("http://silent.test/"),
          fixture.origin,
          () -> {});
    }

    // when
    fixture.tell(deliverer, queued("job-1", 1, "default"));

    // then
    await(() -> done.get() == 1);
    assertThat(deliverer.inFlight()).isEqualTo(100);
    free.countDown();
  }

  /** A thousand jobs interleaved, a third of all answers bad, everything at once. */
  @Test
  void shouldKeepTheOrderOfEveryJobWhateverFails() {
    // given
    var random = new Random(11);
    var jobs = 1_000;
    var perJob = 5;
    var newest = new AtomicInteger[jobs];
    var mistakes = new ConcurrentLinkedQueue<String>();
    for (var job = 0; job < jobs; job++) {
      newest[job] = new AtomicInteger();
    }
    var deliverer =
        fixture.deliverer(
            request -> {
              var id = request.body().toString();
              var job = Integer.parseInt(id.substring(id.indexOf('-') + 1, id.indexOf("\",")));
              var sequence =
                  Integer.parseInt(request.headers().getOrDefault("webhook-sequence", ""));
              var before = newest[job].getAndSet(sequence);
              if (sequence < before || sequence > before + 1) {
                mistakes.add("job %d: %d after %d".formatted(job, sequence, before));
              }
              synchronized (random) {
                return answer(random.nextInt(3) == 0 ? 500 : 200);
              }
            });

    // when
    for (var sequence = 1; sequence <= perJob; sequence++) {
      for (var job = 0; job < jobs; job++) {
        fixture.tell(deliverer, queued("job-" + job, sequence, "default"));
      }
    }
    await(() -> done.get() == jobs * perJob);

    // then
    assertThat(mistakes).isEmpty();
    assertThat(fixture.backlog.deliveries()).isZero();
    assertThat(newest).allMatch(it -> it.get() == perJob);
  }

  @SuppressWarnings({
    "unchecked",
    "TypeParameterUnusedInFormals"
  }) // Throws any Throwable unchecked.
  private static <E extends Throwable> void raise(Throwable thrown) throws E {
    throw (E) thrown;
  }
}
