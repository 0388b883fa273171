package io.tallyman.webhooks;

import static io.tallyman.webhooks.Stage.await;
import static io.tallyman.webhooks.Stage.awaitEndOf;
import static io.tallyman.webhooks.Stage.isReady;
import static io.tallyman.webhooks.Stage.number;
import static io.tallyman.webhooks.Stage.states;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.runtime.kafka.KafkaSettings;
import io.tallyman.schemas.Topics;
import io.tallyman.webhooks.http.Receiver;
import io.tallyman.webhooks.http.Receiver.Received;
import io.tallyman.webhooks.kafka.Broker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The dispatcher, and a broker that goes away, or whose log is another one. */
@Timeout(300)
class BrokerTroubleIT {

  private static final Duration SESSION = Duration.ofMillis(KafkaSettings.SESSION_TIMEOUT_MS);
  private static final String GROUP = "troubled";
  private static final String YAML =
      """
      endpoints:
        default:
          image: x
          command: [x]
          webhook: {delay: 100ms, deadline: 1h}
      """;
  private static final int JOBS = 40;

  @TempDir private Path folder;

  @SuppressWarnings("NullAway.Init") // By start.
  private Broker broker;

  @SuppressWarnings("NullAway.Init") // By start.
  private Stage stage;

  @BeforeEach
  void start() throws InterruptedException {
    broker = Broker.start(folder.resolve("kafka"));
    stage = new Stage(folder, YAML, GROUP);
  }

  @AfterEach
  void stop() {
    stage.close();
    broker.close();
  }

  /** Its answers are lost, its session is over, and it may be that others have its partitions. */
  @Test
  void shouldSendNothingAfterASessionWithoutTheBrokerAndLoseNothing() throws Exception {
    // given: some are told and committed, others are being told, and have more to be told of
    var quick = stage.receiver(_ -> 200);
    var slow = stage.receiver(stage::whenReleased);
    var dispatcher = stage.dispatcher(broker.bootstrapServers());
    broker.append(states("done-", JOBS, 1, quick.url()));
    await(() -> broker.lag(GROUP) == 0);
    broker.append(states("open-", JOBS, 1, slow.url()));
    broker.append(states("open-", JOBS, 2, slow.url()));
    await(
        () ->
            slow.received().size() == JOBS
                && number(dispatcher, "tally_webhook_pending") == 2 * JOBS);

    // when: the answers come while the broker is away
    broker.goAway();
    var awayAt = System.nanoTime();
    await(() -> !isReady(dispatcher));
    stage.release();
    await(() -> number(dispatcher, "tally_webhook_pending") == JOBS);
    awaitEndOf(SESSION.plusSeconds(6).minusNanos(System.nanoTime() - awayAt));

    // then: what is next waits
    assertThat(slow.received()).hasSize(JOBS);
    assertThat(dispatcher.health())
        .allMatch(it -> it.detail().contains("its consumer group does not answer"));

    // and: all is told and committed when it is back, again only what was not committed
    broker.comeBack();
    await(() -> broker.lag(GROUP) == 0 && isReady(dispatcher));
    assertThat(quick.received()).hasSize(JOBS);
    assertThat(slow.received()).hasSizeLessThanOrEqualTo(3 * JOBS);
    assertTold(slow, "open-", List.of(1L, 2L));
    assertThat(broker.read(Topics.WEBHOOK_DEAD_LETTERS)).isEmpty();
  }

  @Test
  void shouldTellTheNewLogFromItsBeginningWhenItIsMadeAnew() throws Exception {
    // given: the old one is longer than the new one will be
    var receiver = stage.receiver(_ -> 200);
    var dispatcher = stage.dispatcher(broker.bootstrapServers());
    for (var sequence = 1; sequence <= 5; sequence++) {
      broker.append(states("old-", JOBS, sequence, receiver.url()));
    }
    await(() -> broker.lag(GROUP) == 0);

    // when
    broker.makeAnew(Topics.EVENTS);
    broker.append(states("new-", JOBS, 1, receiver.url()));

    // then
    await(() -> receiver.received().size() == 6 * JOBS && broker.lag(GROUP) == 0);
    broker.append(states("new-", JOBS, 2, receiver.url()));
    await(() -> receiver.received().size() == 7 * JOBS && broker.lag(GROUP) == 0);
    assertTold(receiver, "new-", List.of(1L, 2L));
    assertThat(isReady(dispatcher)).isTrue();
  }

  /** While nobody reads it: the group's place may be kept, and beyond the end. */
  @Test
  void shouldTellTheNewLogFromItsBeginningWhenTheGroupStandsBeyondItsEnd() throws Exception {
    // given
    var receiver = stage.receiver(_ -> 200);
    broker.append(states("old-", JOBS, 1, receiver.url()));
    broker.append(states("old-", JOBS, 2, receiver.url()));
    var places = broker.ends(Topics.EVENTS);
    broker.makeAnew(Topics.EVENTS);
    broker.append(states("new-", JOBS, 1, receiver.url()));
    broker.commit(GROUP, "", places);

    // when
    stage.dispatcher(broker.bootstrapServers());

    // then
    await(() -> receiver.received().size() == JOBS && broker.lag(GROUP) == 0);
    assertTold(receiver, "new-", List.of(1L));
  }

  @Test
  void shouldNameTheTopicThatHasTooFewPartitionsAndGoOnWhenItHasMore() throws Exception {
    // given
    var receiver = stage.receiver(_ -> 200);
    var dispatcher = stage.dispatcher(broker.bootstrapServers());
    var more = 2 * Topics.EVENTS.partitions();

    // when: the log alone has more; the broker's restart lets everybody look sooner than in minutes
    broker.enlarge(Topics.EVENTS, more);
    broker.goAway();
    broker.comeBack();

    // then
    for (var topic :
        List.of(Topics.WEBHOOK_ATTEMPTS, Topics.WEBHOOK_OVERFLOW, Topics.WEBHOOK_REDELIVERIES)) {
      await(
          () ->
              dispatcher.health().stream()
                  .anyMatch(
                      it ->
                          !it.isReady()
                              && it.detail()
                                  .contains(
                                      "'%s' to have %d partitions".formatted(topic.name(), more))));
      broker.enlarge(topic, more);
    }
    await(() -> isReady(dispatcher));
    assertThat(broker.members(GROUP).values())
        .containsExactly(IntStream.range(0, more).boxed().collect(Collectors.<Integer>toSet()));
    broker.append(states("more-", JOBS, 1, receiver.url()));
    await(() -> receiver.received().size() == JOBS);
  }

  /** Each once or more, and never an older one after a newer one was first told. */
  private static void assertTold(Receiver receiver, String prefix, List<Long> sequences) {
    for (var i = 0; i < JOBS; i++) {
      assertThat(receiver.received(prefix + i).stream().map(Received::sequence).distinct().toList())
          .as(prefix + i)
          .isEqualTo(sequences);
    }
  }
}
