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
import io.tallyman.schemas.job.JobEvent.JobCancelled;
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
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What an endpoint's rules, a receiver's wishes and an earlier run do to a delivery. */
@Timeout(60)
class DeliveryRulesTest {

  private static final String SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
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
              webhook: {delay: 10ms}
            picky:
              image: x
              command: [x]
              webhook: {events: [CANCELLED]}
            latest:
              image: x
              command: [x]
              webhook: {coalesce: true, delay: 10ms, attempts: 10}
            signed:
              image: x
              command: [x]
              webhook: {secret: %s, delay: 10ms}
            slowly:
              image: x
              command: [x]
              webhook: {rate: 20}
          """
              .formatted(SECRET)
              .getBytes(UTF_8));

  private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1);
  private final PastAttempts past = PastAttempts.none();
  private final Origin origin = new Origin(new Claim(), past);
  private final Backlog backlog = new Backlog();
  private final Queue<Request> requests = new ConcurrentLinkedQueue<>();
  private final Queue<WebhookAttempt> attempts = new ConcurrentLinkedQueue<>();
  private final Queue<WebhookAttempt> letters = new ConcurrentLinkedQueue<>();
  private volatile Instant time = TIME;
  private final AtomicLong nanos = new AtomicLong();
  private final Pulse pulse = new Pulse(nanos::get, Duration.ofSeconds(10));
  private final AtomicInteger done = new AtomicInteger();

  @AfterEach
  void stop() {
    timer.shutdownNow();
  }

  @Test
  void shouldWantOnlyTheStatesOfTheEndpoint() {
    var deliverer = deliverer(_ -> answer(200));

    assertThat(deliverer.isTold(queued("job-1", 1, "picky"))).isFalse();
    assertThat(deliverer.isTold(cancelled("job-1", 2, "picky"))).isTrue();
    assertThat(deliverer.isTold(queued("job-1", 1, "default"))).isTrue();
    assertThat(deliverer.isTold(queued("job-1", 1, "no-more"))).isTrue();
  }

  /** As after a SIGSTOP: all timers are due at once, and the partition may be another's. */
  @Test
  void shouldSendNothingAfterItWasFrozenUntilItsGroupWasPolled() throws Exception {
    // given
    var deliverer =
        deliverer(
            _ -> {
              var isFirst = nanos.getAndSet(Duration.ofSeconds(20).toNanos()) == 0;
              return answer(isFirst ? 500 : 200);
            });
    tell(deliverer, queued("job-1", 1, "signed"));
    await(() -> requests.size() == 1);

    // when: many times the pause of 10 ms
    timer.schedule(() -> true, 700, TimeUnit.MILLISECONDS).get();

    // then
    assertThat(requests).hasSize(1);
    pulse.beat();
    await(() -> done.get() == 1);
    assertThat(requests).hasSize(2);
  }

  /** The wall clock jumps an hour back, then two forward: pauses are not its business. */
  @Test
  void shouldSignEachAttemptAnewWhateverTheClockDoes() throws Exception {
    // given
    var real = Instant.now();
    time = real;
    var calls = new AtomicInteger();
    var deliverer =
        deliverer(
            _ -> {
              var number = calls.incrementAndGet();
              time = real.plusSeconds(number == 1 ? -3_600 : 3_600);
              return answer(number < 3 ? 500 : 200);
            });

    // when
    var start = System.nanoTime();
    tell(deliverer, queued("job-1", 1, "signed"));
    await(() -> done.get() == 1);

    // then
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(20));
    assertThat(requests)
        .extracting(it -> it.headers().get("webhook-timestamp"))
        .containsExactly(
            Long.toString(real.getEpochSecond()),
            Long.toString(real.getEpochSecond() - 3_600),
            Long.toString(real.getEpochSecond() + 3_600));
    assertThat(requests)
        .extracting(it -> it.headers().get("webhook-id"))
        .hasSize(3)
        .containsOnly(requests.element().headers().get("webhook-id"));
    assertThat(requests)
        .extracting(it -> it.headers().get("webhook-signature"))
        .doesNotHaveDuplicates();
    var first = requests.element();
    new com.standardwebhooks.Webhook(SECRET)
        .verify(
            first.body().toString(),
            first.headers().entrySet().stream()
                .collect(
                    java.util.stream.Collectors.toMap(
                        java.util.Map.Entry::getKey, it -> java.util.List.of(it.getValue()))));
  }

  @Test
  void shouldStopAtGoneAndAskThatReceiverNoMore() {
    // given
    var deliverer = deliverer(_ -> answer(410));

    // when
    tell(deliverer, queued("job-1", 1, "default"));
    await(() -> done.get() == 1);
    tell(deliverer, queued("job-1", 2, "default"));
    tell(deliverer, queued("job-2", 1, "default"));
    await(() -> done.get() == 3);

    // then
    assertThat(requests).hasSize(1);
    assertThat(letters).extracting(WebhookAttempt::outcome).containsOnly("gone").hasSize(3);
    assertThat(attempts).allMatch(WebhookAttempt::isFinal);
  }

  @Test
  void shouldStopWhenTheReceiverDoesNotWantTheMessage() {
    // given
    var deliverer = deliverer(_ -> answer(500).aborted());

    // when
    tell(deliverer, queued("job-1", 1, "default"));
    tell(deliverer, queued("job-1", 2, "default"));
    await(() -> done.get() == 2);

    // then: that message, and no other
    assertThat(requests).hasSize(2);
    assertThat(letters)
        .extracting(WebhookAttempt::outcome, WebhookAttempt::statusCode)
        .containsOnly(tuple("aborted", Optional.of(500)));
  }

  @Test
  void shouldWriteDownWhenTheNextAttemptIs() {
    // given
    var deliverer = deliverer(_ -> answer(503).retryAfter("30"));

    // when
    tell(deliverer, queued("job-1", 1, "default"));
    await(() -> !attempts.isEmpty());

    // then: while it sleeps
    var first = attempts.element();
    assertThat(first.nextAttempt().orElseThrow())
        .isBetween(TIME.plusSeconds(30), TIME.plusSeconds(31));
    assertThat(first.isFinal()).isFalse();
    assertThat(first.trigger()).isEqualTo("auto");
    assertThat(first.endpoint()).isEqualTo(EndpointName.DEFAULT);
    await(() -> deliverer.sleeping() == 1);
    origin.claim().release();
    assertThat(deliverer.sleeping()).isZero();
  }

  @Test
  void shouldSkipToTheNewestStateWhenAnotherWaits() {
    // given: the receiver is down, and states pile up
    var isUp = new CountDownLatch(1);
    var deliverer = deliverer(_ -> answer(isUp.getCount() == 0 ? 200 : 500));
    tell(deliverer, queued("job-1", 1, "latest"));
    await(() -> !requests.isEmpty());
    for (var i = 2; i <= 50; i++) {
      tell(deliverer, queued("job-1", i, "latest"));
    }
    tell(deliverer, cancelled("job-1", 51, "latest"));

    // when
    isUp.countDown();
    await(() -> done.get() == 51);

    // then: what was sent first may have been sent again before the others came
    assertThat(requests)
        .extracting(it -> it.headers().get("webhook-sequence"))
        .containsOnly("1", "51");
    assertThat(letters).isEmpty();
    assertThat(attempts)
        .filteredOn(it -> it.outcome().equals("delivered"))
        .extracting(WebhookAttempt::sequence)
        .contains(51L);
  }

  @Test
  void shouldNotAskWhileTheCircuitIsOpen() {
    // given: five jobs find that nobody answers
    var deliverer = deliverer(_ -> Outcome.failed(Kind.CONNECT, "refused"));
    for (var i = 0; i < 5; i++) {
      tell(deliverer, queued("job-" + i, 1, "default"));
    }
    await(() -> attempts.stream().anyMatch(it -> it.outcome().equals("circuit_open")));
    var before = requests.size();

    // when
    tell(deliverer, queued("job-9", 1, "default"));
    await(() -> attempts.stream().anyMatch(it -> it.jobId().value().equals("job-9")));

    // then: it counts as an attempt, and the next is not sooner than the circuit closes
    var attempt =
        attempts.stream()
            .filter(it -> it.jobId().value().equals("job-9"))
            .findFirst()
            .orElseThrow();
    assertThat(attempt.outcome()).isEqualTo("circuit_open");
    assertThat(attempt.nextAttempt()).contains(TIME.plus(TargetGuards.OPEN));
    assertThat(requests).hasSize(before);
    assertThat(deliverer.isCrowded(RECEIVER)).isFalse();
  }

  @Test
  void shouldKeepToTheRateAndDelayNobodyElse() {
    // given
    var deliverer = deliverer(_ -> answer(200));
    var start = System.nanoTime();

    // when: 20 per second, 21 to tell
    for (var i = 0; i < 21; i++) {
      tell(deliverer, queued("job-" + i, 1, "slowly"));
    }
    tell(deliverer, queued("other", 1, "default"));
    await(() -> requests.stream().anyMatch(it -> it.body().toString().contains("other")));
    var other = Duration.ofNanos(System.nanoTime() - start);
    await(() -> done.get() == 22);

    // then
    assertThat(Duration.ofNanos(System.nanoTime() - start))
        .isBetween(Duration.ofMillis(900), Duration.ofMillis(5_000));
    assertThat(other).isLessThan(Duration.ofMillis(900));
  }

  /** A receiver that has just come back is not knocked over again. */
  @Test
  void shouldTellWhatWasMissedAtTenPerSecondAndWhatIsOrderedByHandAtOnce() throws Exception {
    // given
    var deliverer = deliverer(_ -> answer(200));
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
    var deliverer = deliverer(_ -> answer(500));

    // when
    tell(deliverer, queued("job-1", 1, "default"));
    await(() -> done.get() == 1);

    // then
    assertThat(requests).hasSize(3 - made);
    assertThat(letters).extracting(WebhookAttempt::attempt).containsExactly(3);
    assertThat(past.size()).isZero();
  }

  @Test
  void shouldWriteTheLetterThatAnEarlierRunDidNotGetToWrite() {
    past.add(past("job-1", 3, "timeout", true));
    var deliverer = deliverer(_ -> answer(200));

    tell(deliverer, queued("job-1", 1, "default"));
    await(() -> done.get() == 1);

    assertThat(requests).isEmpty();
    assertThat(letters).extracting(WebhookAttempt::outcome).containsExactly("timeout");
  }

  @Test
  void shouldNotTellAgainWhatWasAcknowledgedBeforeTheCommit() {
    past.add(past("job-1", 1, "status", false));
    past.add(past("job-1", 2, "delivered", true));
    var deliverer = deliverer(_ -> answer(200));

    tell(deliverer, queued("job-1", 1, "default"));
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
    var deliverer = deliverer(_ -> answer(200));
    var event = queued("job-1", 1, "default");

    // when
    deliverer.expire(logged(event), RECEIVER, origin, done::incrementAndGet);
    await(() -> done.get() == 1);

    // then
    assertThat(requests).isEmpty();
    assertThat(letters).extracting(WebhookAttempt::outcome).containsExactly("expired");
    assertThat(backlog.deliveries()).isZero();
  }

  @Test
  void shouldCallATargetCrowdedAtItsShare() {
    // given: a receiver that does not answer yet
    var answers = new CountDownLatch(1);
    var deliverer =
        deliverer(
            _ -> {
              try {
                answers.await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
              return answer(200);
            });

    // when
    for (var i = 0; i < 1_000; i++) {
      assertThat(deliverer.isCrowded(RECEIVER)).isFalse();
      tell(deliverer, queued("job-" + i, 1, "default"));
    }

    // then
    assertThat(deliverer.isCrowded(URI.create("HTTP://Receiver.test:80/other"))).isTrue();
    assertThat(deliverer.isCrowded(URI.create("http://receiver.test:81/"))).isFalse();
    assertThat(backlog.isFull()).isFalse();
    answers.countDown();
    await(() -> done.get() == 1_000);
    assertThat(deliverer.isCrowded(RECEIVER)).isFalse();
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void shouldHaveAnOpinionOnEveryOutcome(Kind kind) {
    var outcome = Outcome.failed(kind, "");

    assertThat(outcome.isDelivered()).isEqualTo(kind == Kind.DELIVERED);
    assertThat(outcome.isDelivered() && outcome.isWorthRetrying()).isFalse();
    assertThat(kind.wireName()).matches("[a-z_]+");
  }

  private static LoggedEvent logged(JobEvent event) {
    return new LoggedEvent(event, new EventPosition(0, event.meta().sequence()));
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

  private Deliverer deliverer(Function<Request, Outcome> receiver) {
    Sender sender =
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
            };
    AttemptLog log =
        new AttemptLog() {
          @Override
          public void record(WebhookAttempt attempt) {
            attempts.add(attempt);
          }

          @Override
          public CompletionStage<?> giveUp(WebhookAttempt last) {
            letters.add(last);
            return CompletableFuture.completedFuture(last);
          }
        };
    return new Deliverer(
        ENDPOINTS,
        new Deliverer.Ports(
            sender,
            log,
            DeliveryMeter.none(),
            new TargetGuards(System::nanoTime),
            pulse,
            () -> time,
            timer),
        backlog,
        1_000);
  }

  private void tell(Deliverer deliverer, JobEvent event) {
    deliverer.tell(logged(event), RECEIVER, origin, done::incrementAndGet);
  }

  private static JobEvent queued(String job, long sequence, String endpoint) {
    return new JobRequeued(meta(job, sequence, endpoint), "retried: x", TIME);
  }

  private static JobEvent cancelled(String job, long sequence, String endpoint) {
    return new JobCancelled(meta(job, sequence, endpoint), Optional.empty());
  }

  private static EventMeta meta(String job, long sequence, String endpoint) {
    return new EventMeta(
        new JobId(job),
        new EndpointName(endpoint),
        sequence,
        1,
        TIME,
        "api",
        Optional.of(RECEIVER));
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
}
