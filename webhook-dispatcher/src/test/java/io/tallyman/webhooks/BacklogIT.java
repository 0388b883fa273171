package io.tallyman.webhooks;

import static io.tallyman.webhooks.Stage.await;
import static io.tallyman.webhooks.Stage.awaitEndOf;
import static io.tallyman.webhooks.Stage.isReady;
import static io.tallyman.webhooks.Stage.meta;
import static io.tallyman.webhooks.Stage.number;
import static io.tallyman.webhooks.Stage.states;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.runtime.kafka.KafkaSettings;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.job.JobEvent.JobCompleted;
import io.tallyman.schemas.job.JobEvent.Run;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.schemas.job.RunnerId;
import io.tallyman.webhooks.http.Receiver.Received;
import io.tallyman.webhooks.kafka.Broker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** As much to tell as the dispatcher takes at once, and more, against a real broker. */
@Timeout(300)
class BacklogIT {

  private static final Duration SESSION = Duration.ofMillis(KafkaSettings.SESSION_TIMEOUT_MS);
  private static final String YAML =
      """
      endpoints:
        default:
          image: x
          command: [x]
          webhook: {delay: 1h, deadline: 1h}
      """;

  /** Bodies of 72 MB; the limit is 64 MB. */
  private static final int LARGE_JOBS = 9;

  private static final int LARGE_BYTES = 8_000_000;
  private static final int JOBS = 20;
  private static final int SLEEPERS = 1_000;

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
  void shouldPauseAtItsLimitAndStayInItsGroup() throws Exception {
    // given: large bodies that nobody takes yet
    var slow = stage.receiver(stage::whenReleased);
    var healthy = stage.receiver(_ -> 200);
    var dispatcher = stage.dispatcher(broker.bootstrapServers());
    var output = RawJson.of("\"" + "x".repeat(LARGE_BYTES) + "\"");
    for (var i = 0; i < LARGE_JOBS; i++) {
      broker.append(List.of(new JobCompleted(meta("large-" + i, 1, slow.url()), run(), output)));
    }
    await(() -> number(dispatcher, "tally_webhook_paused") == 1);
    var members = broker.members(group);

    // when: more comes, and a session passes
    for (var sequence = 1; sequence <= 3; sequence++) {
      broker.append(states("healthy-", JOBS, sequence, healthy.url()));
      broker.append(states("large-", LARGE_JOBS, sequence + 1, slow.url()));
    }
    awaitEndOf(SESSION.plusSeconds(3));

    // then: nothing of it is read, and the group keeps its member with all partitions
    assertThat(number(dispatcher, "tally_webhook_paused")).isEqualTo(1);
    assertThat(healthy.received()).isEmpty();
    assertThat(isReady(dispatcher)).isTrue();
    assertThat(members).hasSize(1);
    assertThat(broker.members(group)).isEqualTo(members);

    // and: all of it is told, each once and in order, when there is room
    stage.release();
    await(() -> broker.lag(group) == 0);
    assertThat(number(dispatcher, "tally_webhook_paused")).isZero();
    assertThat(broker.members(group)).isEqualTo(members);
    for (var i = 0; i < JOBS; i++) {
      assertThat(healthy.received("healthy-" + i))
          .extracting(Received::sequence)
          .containsExactly(1L, 2L, 3L);
    }
    for (var i = 0; i < LARGE_JOBS; i++) {
      assertThat(slow.received("large-" + i))
          .extracting(Received::sequence)
          .containsExactly(1L, 2L, 3L, 4L);
    }
  }

  @Test
  void shouldStopSoonAndForgetNothingWhenAThousandDeliveriesSleep() throws Exception {
    // given: each was tried once, the next attempts are an hour away
    var receiver = stage.receiver(_ -> 500);
    var first = stage.dispatcher(broker.bootstrapServers());
    broker.append(states("asleep-", SLEEPERS, 1, receiver.url()));
    await(() -> number(first, "tally_webhook_sleeping") == SLEEPERS);

    // when
    var start = System.nanoTime();
    first.close();

    // then
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
    assertThat(broker.lag(group)).isGreaterThanOrEqualTo(SLEEPERS);

    // and: the next one goes on with all of them
    receiver.answer(_ -> 200);
    stage.dispatcher(broker.bootstrapServers());
    await(() -> broker.lag(group) == 0);
    for (var i = 0; i < SLEEPERS; i++) {
      assertThat(receiver.received("asleep-" + i))
          .extracting(it -> it.headers().get("webhook-attempt"))
          .containsExactly("1", "2");
    }
    assertThat(broker.read(Topics.WEBHOOK_DEAD_LETTERS)).isEmpty();
  }

  private static Run run() {
    return new Run(new RunnerId("runner-1"), Duration.ofMillis(120), Duration.ofMillis(4_500));
  }
}
