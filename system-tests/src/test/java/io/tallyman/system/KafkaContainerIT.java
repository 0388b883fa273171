package io.tallyman.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.runtime.kafka.KafkaSettings;
import io.tallyman.runtime.kafka.TopicSetup;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.Topics.Topic;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobCommand;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.kafka.Records;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.testcontainers.kafka.KafkaContainer;

/** What we rest on of Kafka, against a broker in a container of its own. */
class KafkaContainerIT {

  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final Duration POLL = Duration.ofMillis(200);

  private static KafkaContainer kafka;
  private static Admin admin;

  @BeforeAll
  static void start() throws InterruptedException {
    Containers.requireEngine();
    kafka =
        new KafkaContainer(KafkaImage.name())
            // A single broker; Testcontainers sets these for the other internal topics alone.
            .withEnv("KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR", "1")
            .withEnv("KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR", "1");
    kafka.start();
    admin = Admin.create(Map.of("bootstrap.servers", kafka.getBootstrapServers()));
    TopicSetup.ensure(kafka.getBootstrapServers(), topics());
  }

  @AfterAll
  static void stop() {
    if (admin != null) {
      admin.close();
    }
    if (kafka != null) {
      kafka.stop();
    }
  }

  @Test
  void shouldShowACommittedTransactionAndHideAnAbortedOne() throws Exception {
    // given
    var job = new JobId("job-transaction");

    // when
    try (var producer = transactionalProducer()) {
      producer.initTransactions();
      producer.beginTransaction();
      producer.send(cancel(job, "aborted")).get();
      producer.abortTransaction();
      producer.beginTransaction();
      producer.send(cancel(job, "committed")).get();
      producer.commitTransaction();
    }

    // then
    var seen = new ArrayList<String>();
    try (var consumer =
        KafkaSettings.consumer(
            kafka.getBootstrapServers(), "test", Map.of("group.id", "transaction-test"))) {
      consumer.subscribe(List.of(Topics.COMMANDS.name()));
      Await.until(
          LIMIT,
          () -> "read " + seen,
          () -> {
            consumer.poll(POLL).forEach(record -> seen.add(id(record.headers())));
            return seen.contains("committed");
          });
    }
    assertThat(seen).containsExactly("committed");
  }

  @Test
  void shouldHandAnAttemptOutThroughAShareGroup() throws Exception {
    // given
    var topic = Topics.dispatch(EndpointName.DEFAULT, false).name();
    var group = new ConfigResource(ConfigResource.Type.GROUP, "share-test");
    set(group, "share.auto.offset.reset", "earliest");
    Await.until(
        LIMIT,
        () -> "the group's setting does not show",
        () -> "earliest".equals(configuration(group).get("share.auto.offset.reset")));

    try (var runner = shareConsumer("share-test");
        var producer = KafkaSettings.producer(kafka.getBootstrapServers(), "test", 10_000)) {
      runner.subscribe(List.of(topic));

      // when
      producer.send(new ProducerRecord<>(topic, "job-share", new byte[] {1})).get();

      // then
      var taken = new ArrayList<String>();
      Await.until(
          LIMIT,
          () -> "nothing was handed out",
          () -> {
            runner.poll(POLL).forEach(record -> taken.add(record.key()));
            return !taken.isEmpty();
          });
      assertThat(taken).containsExactly("job-share");
    }
  }

  @Test
  void shouldHaveOurTopicsAsTheTableSays() {
    assertThat(topics())
        .allSatisfy(
            topic ->
                assertThat(
                        configuration(new ConfigResource(ConfigResource.Type.TOPIC, topic.name())))
                    .as(topic.name())
                    .containsAllEntriesOf(topic.configuration()));
  }

  private static List<Topic> topics() {
    return Topics.all(List.of(EndpointName.DEFAULT));
  }

  private static ProducerRecord<String, byte[]> cancel(JobId job, String id) {
    return Records.of(
        Topics.COMMANDS,
        job.value(),
        new JobCommand.Cancel(job, "test"),
        id,
        "/test",
        Instant.EPOCH);
  }

  private static String id(org.apache.kafka.common.header.Headers headers) {
    return Optional.ofNullable(Records.text(headers, "ce_id")).orElse("");
  }

  private static KafkaProducer<String, byte[]> transactionalProducer() {
    var settings = new Properties();
    settings.put("bootstrap.servers", kafka.getBootstrapServers());
    settings.put("transactional.id", "test");
    return new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer());
  }

  private static KafkaShareConsumer<String, byte[]> shareConsumer(String group) {
    var settings = new Properties();
    settings.put("bootstrap.servers", kafka.getBootstrapServers());
    settings.put("group.id", group);
    return new KafkaShareConsumer<>(
        settings, new StringDeserializer(), new ByteArrayDeserializer());
  }

  private static void set(ConfigResource resource, String name, String value)
      throws InterruptedException, ExecutionException {
    admin
        .incrementalAlterConfigs(
            Map.of(
                resource,
                List.of(new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET))))
        .all()
        .get();
  }

  private static Map<String, String> configuration(ConfigResource resource) {
    try {
      return admin.describeConfigs(List.of(resource)).all().get().get(resource).entries().stream()
          .collect(
              Collectors.toMap(
                  ConfigEntry::name, entry -> Optional.ofNullable(entry.value()).orElse("")));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted", e);
    } catch (ExecutionException e) {
      throw new AssertionError(e);
    }
  }
}
