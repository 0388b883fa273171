package io.tallyman.chaos.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.chaos.history.LogRecord;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;

/**
 * Reads every topic that the services meet on, from the beginning to where it ended when the dump
 * began, committed records alone. Knows the topics by their names in the documentation, not from
 * the code under test.
 */
public final class LogDump {

  private static final Pattern TOPIC =
      Pattern.compile("job-[a-z0-9.-]+|runner-heartbeats|webhook-[a-z-]+|dead-letters");

  /** Nothing read for so long means that brokers are down. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** The largest record that the product makes, 24 MiB. */
  private static final int MAX_RECORD_BYTES = 24 << 20;

  private LogDump() {}

  /**
   * Dumps the log of a cluster.
   *
   * @param bootstrap servers
   * @param record told of each record, partition by partition in the order of offsets
   * @return how many records there were
   * @throws IllegalStateException when a partition does not get to its end, naming it
   */
  public static long read(String bootstrap, Consumer<LogRecord> record) {
    try (var consumer =
        new KafkaConsumer<>(
            settings(bootstrap), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      var partitions =
          consumer.listTopics(PATIENCE).entrySet().stream()
              .filter(topic -> TOPIC.matcher(topic.getKey()).matches())
              .flatMap(topic -> topic.getValue().stream())
              .map(info -> new TopicPartition(info.topic(), info.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      return read(consumer, consumer.endOffsets(partitions, PATIENCE), record);
    }
  }

  private static long read(
      KafkaConsumer<byte[], byte[]> consumer,
      Map<TopicPartition, Long> ends,
      Consumer<LogRecord> record) {
    var left = new HashMap<>(ends);
    var count = 0L;
    var progressAt = System.nanoTime();
    left.entrySet().removeIf(end -> isAtEnd(consumer, end));
    while (!left.isEmpty()) {
      var records = consumer.poll(Duration.ofMillis(200));
      for (var one : records) {
        // What came later is of after the run.
        if (one.offset() < ends.getOrDefault(partition(one), 0L)) {
          record.accept(line(one));
          count++;
        }
      }
      // A position moves over transaction markers and aborted records as well.
      if (left.entrySet().removeIf(end -> isAtEnd(consumer, end)) || !records.isEmpty()) {
        progressAt = System.nanoTime();
      } else if (System.nanoTime() - progressAt > PATIENCE.toNanos()) {
        throw new IllegalStateException(
            "Expected to read the log to its end, but nothing came for %s; left: %s. Are all brokers up?"
                .formatted(PATIENCE, left));
      }
    }
    return count;
  }

  private static boolean isAtEnd(
      KafkaConsumer<byte[], byte[]> consumer, Map.Entry<TopicPartition, Long> end) {
    return consumer.position(end.getKey(), PATIENCE) >= end.getValue();
  }

  private static TopicPartition partition(ConsumerRecord<?, ?> record) {
    return new TopicPartition(record.topic(), record.partition());
  }

  private static LogRecord line(ConsumerRecord<byte[], byte[]> record) {
    var headers = new HashMap<String, String>();
    for (var header : record.headers()) {
      headers.put(header.key(), String.valueOf(text(header.value())));
    }
    return new LogRecord(
        record.topic(),
        record.partition(),
        record.offset(),
        record.timestamp(),
        text(record.key()),
        headers,
        text(record.value()));
  }

  private static @Nullable String text(byte @Nullable [] bytes) {
    return bytes == null ? null : new String(bytes, UTF_8);
  }

  private static Map<String, Object> settings(String bootstrap) {
    return Map.of(
        ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG,
        bootstrap,
        ConsumerConfig.ISOLATION_LEVEL_CONFIG,
        IsolationLevel.READ_COMMITTED.toString().toLowerCase(Locale.ROOT),
        ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG,
        false,
        ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG,
        MAX_RECORD_BYTES,
        ConsumerConfig.CLIENT_ID_CONFIG,
        "chaos-dump");
  }
}
