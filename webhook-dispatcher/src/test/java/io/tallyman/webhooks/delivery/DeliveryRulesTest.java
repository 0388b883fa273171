package io.tallyman.webhooks.delivery;

import static io.tallyman.webhooks.delivery.DelivererFixture.RECEIVER;
import static io.tallyman.webhooks.delivery.DelivererFixture.TIME;
import static io.tallyman.webhooks.delivery.DelivererFixture.answer;
import static io.tallyman.webhooks.delivery.DelivererFixture.await;
import static io.tallyman.webhooks.delivery.DelivererFixture.meta;
import static io.tallyman.webhooks.delivery.DelivererFixture.queued;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.tallyman.runtime.endpoints.Endpoints;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobEvent.JobCancelled;
import io.tallyman.schemas.job.WebhookAttempt;
import io.tallyman.webhooks.delivery.Outcome.Kind;
import io.tallyman.webhooks.delivery.Sender.Request;
import io.tallyman.webhooks.resilience.TargetGuards;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What an endpoint's rules and a receiver's wishes do to a delivery. */
@Timeout(60)
class DeliveryRulesTest {

  private static final String SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
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

  private final DelivererFixture fixture = new DelivererFixture(ENDPOINTS);
  private final Origin origin = fixture.origin;
  private final Backlog backlog = fixture.backlog;
  private final Queue<Request> requests = fixture.requests;
  private final Queue<WebhookAttempt> attempts = fixture.attempts;
  private final Queue<WebhookAttempt> letters = fixture.letters;
  private final AtomicInteger done = fixture.done;

  @AfterEach
  void stop() {
    fixture.timer.shutdownNow();
  }

  @Test
  void shouldWantOnlyTheStatesOfTheEndpoint() {
    var deliverer = fixture.deliverer(_ -> answer(200));

    assertThat(deliverer.isTold(queued("job-1", 1, "picky"))).isFalse();
    assertThat(deliverer.isTold(cancelled("job-1", 2, "picky"))).isTrue();
    assertThat(deliverer.isTold(queued("job-1", 1, "default"))).isTrue();
    assertThat(deliverer.isTold(queued("job-1", 1, "no-more"))).isTrue();
  }

  /** The wall clock jumps an hour back, then two forward: pauses are not its business. */
  @Test
  void shouldSignEachAttemptAnewWhateverTheClockDoes() throws Exception {
    // given
    var real = Instant.now();
    fixture.time(real);
    var calls = new AtomicInteger();
    var deliverer =
        fixture.deliverer(
            _ -> {
              var number = calls.incrementAndGet();
              fixture.time(real.plusSeconds(number == 1 ? -3_600 : 3_600));
              return answer(number < 3 ? 500 : 200);
            });

    // when
    var start = System.nanoTime();
    fixture.tell(deliverer, queued("job-1", 1, "signed"));
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
    var deliverer = fixture.deliverer(_ -> answer(410));

    // when
    fixture.tell(deliverer, queued("job-1", 1, "default"));
    await(() -> done.get() == 1);
    fixture.tell(deliverer, queued("job-1", 2, "default"));
    fixture.tell(deliverer, queued("job-2", 1, "default"));
    await(() -> done.get() == 3);

    // then
    assertThat(requests).hasSize(1);
    assertThat(letters).extracting(WebhookAttempt::outcome).containsOnly("gone").hasSize(3);
    assertThat(attempts).allMatch(WebhookAttempt::isFinal);
  }

  @Test
  void shouldStopWhenTheReceiverDoesNotWantTheMessage() {
    // given
    var deliverer = fixture.deliverer(_ -> answer(500).aborted());

    // when
    fixture.tell(deliverer, queued("job-1", 1, "default"));
    fixture.tell(deliverer, queued("job-1", 2, "default"));
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
    var deliverer = fixture.deliverer(_ -> answer(503).retryAfter("30"));

    // when
    fixture.tell(deliverer, queued("job-1", 1, "default"));
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
    // given: the first request fails, and states have piled up by then
    var havePiledUp = new CountDownLatch(1);
    var calls = new AtomicInteger();
    var deliverer =
        fixture.deliverer(
            _ -> {
              try {
                havePiledUp.await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
              return answer(calls.incrementAndGet() == 1 ? 500 : 200);
            });
    fixture.tell(deliverer, queued("job-1", 1, "latest"));
    await(() -> !requests.isEmpty());
    for (var i = 2; i <= 50; i++) {
      fixture.tell(deliverer, queued("job-1", i, "latest"));
    }
    fixture.tell(deliverer, cancelled("job-1", 51, "latest"));

    // when
    havePiledUp.countDown();
    await(() -> done.get() == 51);

    // then
    assertThat(requests)
        .extracting(it -> it.headers().get("webhook-sequence"))
        .containsExactly("1", "51");
    assertThat(letters).isEmpty();
    assertThat(attempts)
        .filteredOn(it -> it.outcome().equals("delivered"))
        .extracting(WebhookAttempt::sequence)
        .containsExactly(51L);
  }

  @Test
  void shouldNotAskWhileTheCircuitIsOpen() {
    // given: five jobs find that nobody answers
    var deliverer = fixture.deliverer(_ -> Outcome.failed(Kind.CONNECT, "refused"));
    for (var i = 0; i < 5; i++) {
      fixture.tell(deliverer, queued("job-" + i, 1, "default"));
    }
    await(() -> attempts.stream().anyMatch(it -> it.outcome().equals("circuit_open")));
    var before = requests.size();

    // when
    fixture.tell(deliverer, queued("job-9", 1, "default"));
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
  void shouldNotAskWithALeaveFromBeforeTheCircuitOpened() {
    // given: a hundred hang, which is all that one receiver may, and thirty wait behind them
    var hangs = new CountDownLatch(1);
    var deliverer =
        fixture.deliverer(
            _ -> {
              await(() -> hangs.getCount() == 0);
              return Outcome.failed(Kind.TIMEOUT, "no answer");
            });
    for (var i = 0; i < 130; i++) {
      fixture.tell(deliverer, queued("job-" + i, 1, "default"));
    }
    await(() -> requests.size() == 100);

    // when
    hangs.countDown();
    await(() -> attempts.stream().filter(it -> it.attempt() == 1).count() == 130);

    // then: the fifth opens the circuit; each before it may have made room for one
    assertThat(attempts)
        .filteredOn(it -> it.attempt() == 1 && it.outcome().equals("circuit_open"))
        .hasSizeBetween(26, 30);
  }

  @Test
  void shouldKeepToTheRateAndDelayNobodyElse() {
    // given
    var deliverer = fixture.deliverer(_ -> answer(200));
    var start = System.nanoTime();

    // when: 20 per second, 21 to tell
    for (var i = 0; i < 21; i++) {
      fixture.tell(deliverer, queued("job-" + i, 1, "slowly"));
    }
    fixture.tell(deliverer, queued("other", 1, "default"));
    await(() -> requests.stream().anyMatch(it -> it.body().toString().contains("other")));
    var other = Duration.ofNanos(System.nanoTime() - start);
    await(() -> done.get() == 22);

    // then
    assertThat(Duration.ofNanos(System.nanoTime() - start))
        .isBetween(Duration.ofMillis(900), Duration.ofMillis(5_000));
    assertThat(other).isLessThan(Duration.ofMillis(900));
  }

  @Test
  void shouldCallATargetCrowdedAtItsShare() {
    // given: a receiver that does not answer yet
    var answers = new CountDownLatch(1);
    var deliverer =
        fixture.deliverer(
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
      fixture.tell(deliverer, queued("job-" + i, 1, "default"));
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

  private static JobEvent cancelled(String job, long sequence, String endpoint) {
    return new JobCancelled(meta(job, sequence, endpoint), Optional.empty());
  }
}
