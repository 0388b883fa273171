package io.tallyman.webhooks.delivery;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.tallyman.runtime.endpoints.Endpoint.Success;
import io.tallyman.runtime.endpoints.Endpoints;
import io.tallyman.runtime.webhooks.WebhookId;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.EventMeta;
import io.tallyman.schemas.job.EventPosition;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobEvent.JobRequeued;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.WebhookAttempt;
import io.tallyman.webhooks.delivery.Outcome.Kind;
import io.tallyman.webhooks.delivery.Sender.Exchange;
import io.tallyman.webhooks.delivery.Sender.Request;
import io.tallyman.webhooks.resilience.TargetGuards;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Timeout(60)
class DelivererTest {

  private static final Instant TIME = Instant.ofEpochSecond(1_614_265_330);
  private static final URI RECEIVER = URI.create("http://receiver.test/hook");
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

  private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1);
  private final Log log = new Log();
  private final Claim claim = new Claim();
  private final PastAttempts past = PastAttempts.none();
  private final Origin origin = new Origin(claim, past);
  private final Backlog backlog = new Backlog();
  private final Queue<Request> requests = new ConcurrentLinkedQueue<>();
  private final AtomicInteger done = new AtomicInteger();

  @AfterEach
  void stop() {
    timer.shutdownNow();
  }

  static List<Throwable> throwables() {
    return List.of(
        new IllegalStateException("x"), new StackOverflowError("x"), new OutOfMemoryError("x"));
  }

  @Test
  void shouldSendTheHeadersOfStandardWebhooks() {
    // given
    var deliverer = deliverer(_ -> answer(200));

    // when
    tell(deliverer, "job-1", 7, EndpointName.DEFAULT);
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
    var deliverer = deliverer(_ -> answer(200));

    // when
    tell(deliverer, "job-1", 1, new EndpointName("gone"));
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
    var deliverer = deliverer(_ -> answer(calls.incrementAndGet() < 3 ? 500 : 200));

    // when
    tell(deliverer, "job-1", 1, EndpointName.DEFAULT);
    await(() -> done.get() == 1);

    // then
    assertThat(requests)
        .extracting(it -> it.headers().get("webhook-attempt"))
        .containsExactly("1", "2", "3");
    assertThat(requests)
        .extracting(it -> it.headers().get("webhook-id"))
        .containsOnly(WebhookId.of(new JobId("job-1"), 1, EndpointName.DEFAULT));
    assertThat(log.attempts)
        .extracting(WebhookAttempt::outcome)
        .containsExactly("status", "status", "delivered");
    assertThat(log.attempts)
        .extracting(WebhookAttempt::isFinal)
        .containsExactly(false, false, true);
    assertThat(log.givenUp).isEmpty();
  }

  @Test
  void shouldBeDoneOnlyWhenTheDeadLetterIsDurable() {
    // given
    var deliverer = deliverer(_ -> answer(500));

    // when
    log.durable = new CompletableFuture<>();
    tell(deliverer, "job-1", 1, EndpointName.DEFAULT);
    tell(deliverer, "job-1", 2, EndpointName.DEFAULT);
    await(() -> log.givenUp.size() == 1);

    // then
    assertThat(done).hasValue(0);
    assertThat(requests).hasSize(3);
    var durable = log.durable;
    log.durable = CompletableFuture.completedFuture(null);
    durable.complete(null);
    await(() -> done.get() == 2);
    assertThat(log.givenUp)
        .extracting(WebhookAttempt::sequence, WebhookAttempt::attempt, WebhookAttempt::isFinal)
        .containsExactly(tuple(1L, 3, true), tuple(2L, 3, true));
  }

  @Test
  void shouldGiveUpAtOnceWhenTheUrlCannotBeAsked() {
    // given
    var deliverer = deliverer(_ -> Outcome.failed(Kind.INVALID_URL, "no"));

    // when
    tell(deliverer, "job-1", 1, EndpointName.DEFAULT);
    await(() -> done.get() == 1);

    // then
    assertThat(requests).hasSize(1);
    assertThat(log.givenUp).extracting(WebhookAttempt::outcome).containsExactly("invalid_url");
  }

  @ParameterizedTest
  @MethodSource("throwables")
  void shouldComeToAnEndWhenOurOwnCodeThrows(Throwable thrown) {
    // given
    var calls = new AtomicInteger();
    var deliverer =
        deliverer(
            _ -> {
              if (calls.incrementAndGet() >= 2) {
                DelivererTest.<RuntimeException>raise(thrown);
              }
              return answer(500);
            });

    // when
    tell(deliverer, "job-1", 1, EndpointName.DEFAULT);
    await(() -> done.get() == 1);

    // then
    assertThat(log.attempts)
        .extracting(WebhookAttempt::outcome)
        .containsExactly("status", "internal", "internal");
    assertThat(log.givenUp).hasSize(1);
    // Its slot is given back a moment after.
    await(() -> deliverer.inFlight() == 0);
  }

  @ParameterizedTest
  @MethodSource("throwables")
  void shouldComeToAnEndWhenTheAttemptCannotBeRecorded(Throwable thrown) {
    // given
    log.thrown = Optional.of(thrown);
    var deliverer = deliverer(_ -> answer(500));

    // when
    tell(deliverer, "job-1", 1, EndpointName.DEFAULT);
    await(() -> done.get() == 1);

    // then
    assertThat(log.givenUp).hasSize(1);
  }

  @Test
  void shouldLetGoOfASleepingDeliveryWhenTheClaimIsReleased() throws Exception {
    // given: an attempt failed, the next is an hour away, another event waits behind it
    var deliverer = deliverer(_ -> answer(500));
    tell(deliverer, "job-1", 1, new EndpointName("patient"));
    tell(deliverer, "job-1", 2, new EndpointName("patient"));
    await(() -> log.attempts.size() == 1);

    // when
    claim.release();

    // then
    assertThat(claim.awaitIdle(Duration.ofSeconds(5))).isTrue();
    await(() -> backlog.deliveries() == 0);
    assertThat(done).hasValue(0);
    assertThat(requests).hasSize(1);
    assertThat(log.givenUp).isEmpty();
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
    var deliverer = delivererWith(hanging);
    tell(deliverer, "job-1", 1, EndpointName.DEFAULT);
    await(() -> requests.size() == 1);

    // when
    claim.release();

    // then
    assertThat(claim.awaitIdle(Duration.ofSeconds(5))).isTrue();
    assertThat(done).hasValue(0);
    assertThat(log.attempts).extracting(WebhookAttempt::outcome).containsExactly("interrupted");
    assertThat(log.attempts).extracting(WebhookAttempt::isFinal).containsExactly(false);
  }

  @Test
  void shouldCountAnAnswerThatCameBeforeTheClaimWasReleased() throws Exception {
    // given: the answer is there when the cancellation comes
    var deliverer =
        deliverer(
            _ -> {
              claim.release();
              return answer(200);
            });

    // when
    tell(deliverer, "job-1", 1, EndpointName.DEFAULT);

    // then
    await(() -> done.get() == 1);
    assertThat(claim.awaitIdle(Duration.ofSeconds(5))).isTrue();
  }

  @Test
  void shouldNotLetASilentReceiverDelayAnotherJob() {
    // given: more silent requests than their target has slots
    var free = new CountDownLatch(1);
    var deliverer =
        deliverer(
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
          logged(event("silent-" + i, 1, EndpointName.DEFAULT)),
          URI.create("http://silent.test/"),
          origin,
          () -> {});
    }

    // when
    tell(deliverer, "job-1", 1, EndpointName.DEFAULT);

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
        deliverer(
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
        tell(deliverer, "job-" + job, sequence, EndpointName.DEFAULT);
      }
    }
    await(() -> done.get() == jobs * perJob);

    // then
    assertThat(mistakes).isEmpty();
    assertThat(backlog.deliveries()).isZero();
    assertThat(newest).allMatch(it -> it.get() == perJob);
  }

  private Deliverer deliverer(Function<Request, Outcome> receiver) {
    return delivererWith(
        request ->
            new Exchange() {
              @Override
              public Outcome run() {
                requests.add(request);
                return receiver.apply(request);
              }

              @Override
              public void cancel() {
                // Too late: it has answered.
              }
            });
  }

  private Deliverer delivererWith(Sender sender) {
    return new Deliverer(
        ENDPOINTS,
        new Deliverer.Ports(
            sender,
            log,
            DeliveryMeter.none(),
            new TargetGuards(System::nanoTime),
            new Pulse(System::nanoTime, Duration.ofMinutes(5)),
            () -> TIME,
            timer),
        backlog,
        1_000);
  }

  private void tell(Deliverer deliverer, String job, long sequence, EndpointName endpoint) {
    deliverer.tell(logged(event(job, sequence, endpoint)), RECEIVER, origin, done::incrementAndGet);
  }

  private static LoggedEvent logged(JobEvent event) {
    return new LoggedEvent(event, new EventPosition(0, event.meta().sequence()));
  }

  private static JobEvent event(String job, long sequence, EndpointName endpoint) {
    return new JobRequeued(
        new EventMeta(new JobId(job), endpoint, sequence, 1, TIME, "api", Optional.of(RECEIVER)),
        "retried: x",
        TIME);
  }

  private static Outcome answer(int status) {
    return Outcome.answered(status, Success.ONLY_200, "");
  }

  private static void await(BooleanSupplier condition) {
    var until = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("30 s have passed").isLessThan(until);
      LockSupport.parkNanos(1_000_000);
    }
  }

  @SuppressWarnings({
    "unchecked",
    "TypeParameterUnusedInFormals"
  }) // Throws any Throwable unchecked.
  private static <E extends Throwable> void raise(Throwable thrown) throws E {
    throw (E) thrown;
  }

  private static final class Log implements AttemptLog {
    private final List<WebhookAttempt> attempts = new ArrayList<>();
    private final Queue<WebhookAttempt> givenUp = new ConcurrentLinkedQueue<>();
    private Optional<Throwable> thrown = Optional.empty();
    private volatile CompletableFuture<Object> durable = CompletableFuture.completedFuture("");

    @Override
    public synchronized void record(WebhookAttempt attempt) {
      thrown.ifPresent(DelivererTest::<RuntimeException>raise);
      attempts.add(attempt);
    }

    @Override
    public CompletionStage<?> giveUp(WebhookAttempt last) {
      givenUp.add(last);
      return durable;
    }
  }
}
