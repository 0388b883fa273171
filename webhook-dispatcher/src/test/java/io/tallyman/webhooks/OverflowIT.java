package io.tallyman.webhooks;

import static io.tallyman.webhooks.Stage.await;
import static io.tallyman.webhooks.Stage.number;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.schemas.Topics;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.EventMeta;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobEvent.JobRequeued;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.WebhookAttempt;
import io.tallyman.webhooks.http.Receiver;
import io.tallyman.webhooks.http.Receiver.Received;
import io.tallyman.webhooks.kafka.Broker;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the dispatcher puts aside and remembers, against a real broker. */
@Timeout(180)
class OverflowIT {

  private static final EndpointName LASTING = new EndpointName("lasting");
  private static final EndpointName TRYING = new EndpointName("trying");
  private static final EndpointName HASTY = new EndpointName("hasty");
  private static final int JOBS = 150;
  private static final int STATES = 10;
  private static final String YAML =
      """
      endpoints:
        default:
          image: x
          command: [x]
        lasting:
          image: x
          command: [x]
          webhook: {delay: 1h, deadline: 1h}
        trying:
          image: x
          command: [x]
          webhook: {delays: [1h, 50ms]}
        hasty:
          image: x
          command: [x]
          webhook: {deadline: 3s, attempts: 1}
      """;

  @TempDir private static Path folder;

  @SuppressWarnings("NullAway.Init") // By start.
  private static Broker broker;

  private String group = "";

  @SuppressWarnings("NullAway.Init") // By group.
  private Stage stage;

  @BeforeAll
  static void start() throws InterruptedException {
    broker = Broker.start(folder);
  }

  @AfterAll
  static void stop() {
    broker.close();
  }

  @BeforeEach
  void group(TestInfo test) throws InterruptedException {
    group = test.getTestMethod().orElseThrow().getName();
    broker.commitEnd(group, "");
    stage = new Stage(folder, YAML, group);
  }

  @AfterEach
  void close() {
    stage.close();
  }

  @Test
  void shouldPutAsideWhatASlowReceiverCannotTakeAndKeepTheOrder() throws Exception {
    // given: it takes nothing yet, and is sent more than its share of the backlog
    var slow = stage.receiver(stage::whenReleased);
    var healthy = stage.receiver(_ -> 200);
    var dispatcher = stage.dispatcher(broker.bootstrapServers());
    broker.append(states("slow-a", slow.url(), 1, STATES));
    await(() -> number(dispatcher, "tally_webhook_spilling") > 0);
    await(() -> number(dispatcher, "tally_webhook_spilled_total") >= JOBS * STATES - 1_100);

    // when: others come behind it
    broker.append(
        IntStream.range(0, 100)
            .mapToObj(i -> requeued("healthy-a-" + i, 1, healthy.url(), EndpointName.DEFAULT))
            .toList());

    // then: they do not wait, nothing is paused
    await(() -> healthy.received().size() == 100);
    assertThat(number(dispatcher, "tally_webhook_paused")).isZero();
    assertThat(number(dispatcher, "tally_webhook_pending")).isLessThanOrEqualTo(1_100);

    // and: all of it comes, each once, in the order of its job, and the target is free again
    stage.release();
    awaitAllDone();
    assertInOrder(slow, "slow-a", STATES, true);
    await(() -> number(dispatcher, "tally_webhook_spilling") == 0);
  }

  @Test
  void shouldKeepTheOrderWhenItStartsAgainWhileEventsArePutAside() throws Exception {
    // given
    var slow = stage.receiver(stage::whenReleased);
    var first = stage.dispatcher(broker.bootstrapServers());
    broker.append(states("slow-b", slow.url(), 1, STATES));
    await(() -> number(first, "tally_webhook_spilled_total") >= JOBS * STATES - 1_100);

    // when: the next one finds newer states in the log, and older ones put aside
    first.close();
    broker.append(states("slow-b", slow.url(), STATES + 1, STATES + 2));
    var second = stage.dispatcher(broker.bootstrapServers());
    await(() -> number(second, "tally_webhook_spilling") > 0);
    stage.release();

    // then
    awaitAllDone();
    assertInOrder(slow, "slow-b", STATES + 2, false);
  }

  @Test
  void shouldNotStartCountingAgainWhenItStartsAgain() throws Exception {
    // given: one attempt was made, the next is an hour away
    var receiver = stage.receiver(_ -> 500);
    var first = stage.dispatcher(broker.bootstrapServers());
    broker.append(List.of(requeued("counted", 1, receiver.url(), TRYING)));
    await(() -> !broker.read(Topics.WEBHOOK_ATTEMPTS, WebhookAttempt.class, "counted").isEmpty());

    // when
    first.close();
    stage.dispatcher(broker.bootstrapServers());
    awaitAllDone();

    // then
    assertThat(receiver.received("counted"))
        .extracting(it -> it.headers().get("webhook-attempt"))
        .containsExactly("1", "2", "3");
    assertThat(broker.read(Topics.WEBHOOK_DEAD_LETTERS, WebhookAttempt.class, "counted"))
        .extracting(WebhookAttempt::attempt)
        .containsExactly(3);
  }

  @Test
  void shouldEmptyTheQueueOfADeadReceiverWithoutPausing() throws Exception {
    // given: nobody listens there
    var nowhere = stage.receiver(_ -> 200);
    nowhere.close();
    var dispatcher = stage.dispatcher(broker.bootstrapServers());

    // when: more than its share, from which the open circuit exempts it
    var start = System.nanoTime();
    broker.append(
        IntStream.range(0, 5_000)
            .mapToObj(i -> requeued("dead-" + i, 1, nowhere.url(), EndpointName.DEFAULT))
            .toList());
    awaitAllDone();

    // then: two pauses of 10 s each, and nobody waited for them
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(60));
    assertThat(number(dispatcher, "tally_webhook_paused")).isZero();
    assertThat(number(dispatcher, "tally_webhook_attempt_seconds_count{outcome=\"connect\"}"))
        .isLessThan(1_500);
    assertThat(
            number(dispatcher, "tally_webhook_dead_letters_total{outcome=\"circuit_open\"}")
                + number(dispatcher, "tally_webhook_dead_letters_total{outcome=\"connect\"}"))
        .isEqualTo(5_000);
  }

  @Test
  void shouldTakeBackEvenlyWhenTheCircuitOpensAndFreesAllAtOnce() throws Exception {
    // given: its circuit opens when the first deadlines have passed, and most is put aside by then
    var silent = stage.receiver(stage::whenReleased);
    broker.append(
        IntStream.range(0, 5_000)
            .mapToObj(i -> requeued("silent-" + i, 1, silent.url(), HASTY))
            .toList());
    var dispatcher = stage.dispatcher(broker.bootstrapServers());
    await(() -> number(dispatcher, "tally_webhook_spilled_total") >= 3_000);

    // when
    await(
        () ->
            dispatcher.metrics().contains("tally_webhook_attempt_seconds_count{outcome=\"timeout"));
    var start = System.nanoTime();
    await(() -> number(dispatcher, "tally_webhook_spilling") == 0);

    // then: a thousand a second
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofSeconds(2));
    awaitAllDone();
    assertThat(
            number(dispatcher, "tally_webhook_dead_letters_total{outcome=\"circuit_open\"}")
                + number(dispatcher, "tally_webhook_dead_letters_total{outcome=\"timeout\"}"))
        .isEqualTo(5_000);
  }

  private void awaitAllDone() throws Exception {
    await(
        () ->
            broker.lag(group) == 0
                && broker.lag(group + "-overflow", Topics.WEBHOOK_OVERFLOW) == 0);
  }

  private static void assertInOrder(Receiver receiver, String prefix, int states, boolean once) {
    var expected = LongStream.rangeClosed(1, states).boxed().toList();
    for (var i = 0; i < JOBS; i++) {
      var sequences = receiver.received(prefix + i).stream().map(Received::sequence).toList();
      assertThat(once ? sequences : sequences.stream().distinct().toList())
          .as(prefix + i)
          .isEqualTo(expected);
    }
  }

  private static List<JobEvent> states(String prefix, URI receiver, int first, int last) {
    return IntStream.rangeClosed(first, last)
        .boxed()
        .flatMap(
            state ->
                IntStream.range(0, JOBS)
                    .mapToObj(i -> requeued(prefix + i, state, receiver, LASTING)))
        .toList();
  }

  private static JobEvent requeued(String job, long sequence, URI receiver, EndpointName endpoint) {
    return new JobRequeued(
        new EventMeta(
            new JobId(job), endpoint, sequence, 1, Instant.now(), "api", Optional.of(receiver)),
        "retried: x",
        Instant.EPOCH);
  }
}
