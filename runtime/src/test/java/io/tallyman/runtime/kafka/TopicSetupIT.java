package io.tallyman.runtime.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.tallyman.embedded.EmbeddedKafka;
import io.tallyman.embedded.FreePort;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.Topics.Topic;
import io.tallyman.schemas.job.EndpointName;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TopicSetupIT {

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** What a service has to close in. */
  private static final Duration STOP_LIMIT = Duration.ofSeconds(4);

  @TempDir private static Path folder;
  private static EmbeddedKafka kafka;
  private static Admin admin;

  @BeforeAll
  static void start() {
    kafka = EmbeddedKafka.start(folder.resolve("kafka"));
    admin =
        Admin.create(Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, kafka.bootstrapServers()));
  }

  @AfterAll
  static void stop() {
    admin.close();
    kafka.close();
  }

  @Test
  void shouldCreateEveryTopicAsTheTableSays() throws InterruptedException, ExecutionException {
    // given
    var topics = Topics.all(List.of(EndpointName.DEFAULT));

    // when
    TopicSetup.ensure(kafka.bootstrapServers(), topics);

    // then
    assertThat(topics)
        .allSatisfy(
            topic -> {
              assertThat(partitions(topic.name())).isEqualTo(topic.partitions());
              assertThat(configuration(topic.name())).containsAllEntriesOf(topic.configuration());
            });
  }

  @Test
  void shouldLeaveATopicThatExistsAsItIs() throws InterruptedException, ExecutionException {
    // given
    var topic = topic("existing");
    admin.createTopics(List.of(new NewTopic("existing", 7, (short) 1))).all().get();

    // when
    TopicSetup.ensure(kafka.bootstrapServers(), List.of(topic));

    // then
    assertThat(partitions("existing")).isEqualTo(7);
    assertThat(configuration("existing")).containsEntry("retention.ms", "604800000");
  }

  @Test
  void shouldNameTheTopicThatHasTooFewReplicas() throws Exception {
    // given
    var name = "one-replica";
    admin.createTopics(List.of(new NewTopic(name, 1, (short) 1))).all().get();
    admin
        .incrementalAlterConfigs(
            Map.of(
                new ConfigResource(ConfigResource.Type.TOPIC, name),
                List.of(
                    new AlterConfigOp(
                        new ConfigEntry("min.insync.replicas", "2"), AlterConfigOp.OpType.SET))))
        .all()
        .get();
    var obstacles = new LinkedBlockingQueue<String>();

    // when
    var waiting =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    TopicSetup.ensure(
                        kafka.bootstrapServers(), List.of(topic(name)), 2, obstacles::add);
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                });

    // then
    var obstacle = obstacles.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    while (obstacle != null && obstacle.startsWith("Kafka does not answer")) {
      obstacle = obstacles.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }
    assertThat(obstacle)
        .contains("'one-replica' to have 2 replicas", "it has 1", "there are only 1 brokers");
    assertThat(waiting.isAlive()).isTrue();
    waiting.interrupt();
    assertThat(waiting.join(STOP_LIMIT)).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "cleanup.policy, compact, delete",
    "retention.ms, 86400000, -1",
    "retention.bytes, 1073741824, -1",
    "message.timestamp.type, CreateTime, LogAppendTime"
  })
  void shouldRefuseALogThatWouldLoseRecordsAndGoOnWhenItIsPutRight(
      String setting, String wrong, String right) throws Exception {
    // given
    var name = "log-with-" + setting;
    var log =
        new Topic(
            name,
            "nothing",
            byte[].class,
            1,
            Duration.ofMillis(-1),
            Map.of("message.timestamp.type", "LogAppendTime"),
            "this test");
    var configuration = new HashMap<>(log.configuration());
    configuration.put(setting, wrong);
    admin
        .createTopics(List.of(new NewTopic(name, 1, (short) 1).configs(configuration)))
        .all()
        .get();
    var obstacles = new LinkedBlockingQueue<String>();

    // when
    var setup =
        CompletableFuture.runAsync(
            () -> {
              try {
                TopicSetup.ensure(kafka.bootstrapServers(), List.of(log), 1, obstacles::add);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });

    // then
    assertThat(obstacles.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS))
        .startsWith(
            "Expected topic '%s' to have %s=%s, but it has %s"
                .formatted(name, setting, right, wrong));
    assertThat(setup).isNotDone();

    // when an operator does what it says
    admin
        .incrementalAlterConfigs(
            Map.of(
                new ConfigResource(ConfigResource.Type.TOPIC, name),
                List.of(
                    new AlterConfigOp(new ConfigEntry(setting, right), AlterConfigOp.OpType.SET))))
        .all()
        .get();

    // then
    assertThatCode(() -> setup.get(PATIENCE.toSeconds(), TimeUnit.SECONDS))
        .doesNotThrowAnyException();
  }

  @Test
  void shouldCreateEachTopicOnceWhenAllServicesStartTogether() {
    // given
    var topics = IntStream.range(0, 10).mapToObj(i -> topic("together-" + i)).toList();

    // when
    var services =
        IntStream.range(0, 4)
            .mapToObj(_ -> CompletableFuture.runAsync(() -> ensure(kafka, topics)))
            .toList();

    // then
    for (var service : services) {
      assertThatCode(() -> service.get(PATIENCE.toSeconds(), TimeUnit.SECONDS))
          .doesNotThrowAnyException();
    }
    assertThat(topics).allSatisfy(topic -> assertThat(partitions(topic.name())).isEqualTo(1));
  }

  @Test
  void shouldWaitForABrokerThatStartsLater() throws Exception {
    // given
    var port = FreePort.find();
    var topics = List.of(topic("late"));
    var waiting =
        CompletableFuture.runAsync(
            () -> {
              try {
                TopicSetup.ensure("127.0.0.1:" + port, topics);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    assertThat(waiting).isNotDone();

    // when
    try (var late = EmbeddedKafka.start(folder.resolve("late"), port)) {
      waiting.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);

      // then
      try (var lateAdmin =
          Admin.create(
              Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, late.bootstrapServers()))) {
        assertThat(lateAdmin.listTopics().names().get()).contains("late");
      }
    }
  }

  @Test
  void shouldStopWaitingWhenTold() throws InterruptedException {
    // given
    var nobody = "127.0.0.1:" + FreePort.find();
    var outcome = new AtomicReference<>("still waiting");
    var waiting =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    TopicSetup.ensure(nobody, List.of(topic("never")));
                    outcome.set("created");
                  } catch (InterruptedException e) {
                    outcome.set("interrupted");
                  }
                });

    // when
    waiting.interrupt();

    // then
    assertThat(waiting.join(STOP_LIMIT)).as("stopped within %s", STOP_LIMIT).isTrue();
    assertThat(outcome).hasValue("interrupted");
  }

  private static void ensure(EmbeddedKafka broker, List<Topic> topics) {
    try {
      TopicSetup.ensure(broker.bootstrapServers(), topics);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static Topic topic(String name) {
    return new Topic(name, "nothing", byte[].class, 1, Duration.ofHours(1), Map.of(), "this test");
  }

  private static int partitions(String topic) throws InterruptedException, ExecutionException {
    return admin
        .describeTopics(List.of(topic))
        .topicNameValues()
        .values()
        .iterator()
        .next()
        .get()
        .partitions()
        .size();
  }

  private static Map<String, String> configuration(String topic)
      throws InterruptedException, ExecutionException {
    var resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    return admin
        .describeConfigs(List.of(resource))
        .values()
        .values()
        .iterator()
        .next()
        .get()
        .entries()
        .stream()
        .collect(
            Collectors.toMap(
                entry -> entry.name(), entry -> Optional.ofNullable(entry.value()).orElse("")));
  }
}
