package io.tallyman.chaos.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.chaos.history.LogRecord;
import io.tallyman.embedded.EmbeddedKafka;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogDumpIT {

  @TempDir Path folder;

  @Test
  void shouldDumpWhatWasCommittedOnOurTopics() throws Exception {
    try (var kafka = EmbeddedKafka.start(folder);
        var producer = producer(kafka.bootstrapServers())) {
      // given
      createTopics(
          kafka.bootstrapServers(),
          "job-events",
          "job-dispatch.default.low",
          "dead-letters",
          "tally-state-processor-x-changelog");
      producer.initTransactions();
      producer.beginTransaction();
      producer.send(record("job-events", "a", "{\"é\":1}".getBytes(UTF_8))).get();
      producer.send(record("job-dispatch.default.low", "a", null)).get();
      producer.send(record("tally-state-processor-x-changelog", "a", new byte[1])).get();
      producer.commitTransaction();
      producer.beginTransaction();
      producer.send(record("job-events", "aborted", new byte[0])).get();
      producer.abortTransaction();
      producer.beginTransaction();
      producer.send(record("dead-letters", null, new byte[] {(byte) 0xff, '{'})).get();
      producer.commitTransaction();

      // when
      var dumped = new ArrayList<LogRecord>();
      var count = LogDump.read(kafka.bootstrapServers(), dumped::add);

      // then
      dumped.sort(Comparator.comparing(LogRecord::topic));
      assertThat(count).isEqualTo(3);
      assertThat(dumped.stream().map(LogRecord::topic))
          .containsExactly("dead-letters", "job-dispatch.default.low", "job-events");
      assertThat(dumped.stream().map(LogRecord::value))
          .containsExactly("\uFFFD{", null, "{\"é\":1}");
      assertThat(dumped.getFirst().key()).isNull();
      var event = dumped.getLast();
      assertThat(event.key()).isEqualTo("a");
      assertThat(event.offset()).isZero();
      assertThat(event.headers()).containsExactly(Map.entry("ce_id", "a:1"));
      assertThat(event.timestamp()).isPositive();
    }
  }

  private static void createTopics(String bootstrap, String... names) throws Exception {
    try (var admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
      admin
          .createTopics(
              Stream.of(names)
                  .map(name -> new NewTopic(name, Optional.of(2), Optional.empty()))
                  .toList())
          .all()
          .get();
    }
  }

  private static ProducerRecord<byte[], byte[]> record(
      String topic, @Nullable String key, byte @Nullable [] value) {
    return new ProducerRecord<>(
        topic,
        null,
        key == null ? null : key.getBytes(UTF_8),
        value,
        List.of(new RecordHeader("ce_id", "a:1".getBytes(UTF_8))));
  }

  private static KafkaProducer<byte[], byte[]> producer(String bootstrap) {
    return new KafkaProducer<>(
        Map.of(
            ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
            bootstrap,
            ProducerConfig.TRANSACTIONAL_ID_CONFIG,
            "test"),
        new ByteArraySerializer(),
        new ByteArraySerializer());
  }
}
