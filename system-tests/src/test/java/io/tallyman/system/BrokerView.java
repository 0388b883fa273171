package io.tallyman.system;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.runtime.kafka.KafkaSettings;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.Topics.Topic;
import io.tallyman.schemas.kafka.Records;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListShareGroupOffsetsSpec;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** A broker as somebody beside the product sees it: writes anything, and reads who is behind. */
final class BrokerView implements AutoCloseable {

  private static final String SHARE_GROUP = "tally-runners";
  private static final List<String> GROUPS =
      List.of("tally-state-processor", "tally-webhooks", "tally-webhooks-overflow", "tally-mirror");

  private final Admin admin;
  private final Producer<byte[], byte[]> producer;
  private final Consumer<byte[], byte[]> deadLetters;
  private final Map<String, List<BadRecordsIT.Letter>> letters = new HashMap<>();

  BrokerView(String bootstrapServers) {
    this.admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers));
    this.producer =
        new KafkaProducer<>(
            Map.of(
                "bootstrap.servers", bootstrapServers, "max.request.size", Topics.MAX_RECORD_BYTES),
            new ByteArraySerializer(),
            new ByteArraySerializer());
    this.deadLetters = KafkaSettings.consumer(bootstrapServers, "test", Map.of());
  }

  /** Its place when it is durable, as dead letters tell it: {@code topic-partition@offset}. */
  String send(ProducerRecord<byte[], byte[]> record) {
    try {
      var at = producer.send(record).get();
      return "%s-%d@%d".formatted(at.topic(), at.partition(), at.offset());
    } catch (ExecutionException e) {
      throw new AssertionError(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted", e);
    }
  }

  static ProducerRecord<byte[], byte[]> raw(ProducerRecord<String, byte[]> record) {
    return raw(record, record.value());
  }

  static ProducerRecord<byte[], byte[]> raw(ProducerRecord<String, byte[]> record, byte[] value) {
    return new ProducerRecord<>(
        record.topic(),
        record.partition(),
        record.timestamp(),
        record.key().getBytes(UTF_8),
        value,
        record.headers());
  }

  /** Dead letters of records of this topic, so far. */
  List<BadRecordsIT.Letter> letters(Topic topic) {
    var partition = new TopicPartition(Topics.DEAD_LETTERS.name(), 0);
    if (deadLetters.assignment().isEmpty()) {
      deadLetters.assign(List.of(partition));
      deadLetters.seekToBeginning(List.of(partition));
    }
    var end = deadLetters.endOffsets(List.of(partition)).getOrDefault(partition, 0L);
    while (deadLetters.position(partition) < end) {
      for (var record : deadLetters.poll(Duration.ofMillis(100))) {
        var origin = Records.text(record.headers(), "tallyman-origin");
        var reason = Records.text(record.headers(), "tallyman-reason");
        if (origin == null) {
          // A bad record of the topic of dead letters itself.
          continue;
        }
        if (reason == null || reason.isEmpty()) {
          throw new AssertionError("a dead letter without a reason: " + origin);
        }
        var service = String.valueOf(Records.text(record.headers(), "tallyman-service"));
        letters
            .computeIfAbsent(origin.replaceFirst("-\\d+@\\d+$", ""), _ -> new ArrayList<>())
            .add(new BadRecordsIT.Letter(origin, service));
      }
    }
    return List.copyOf(letters.getOrDefault(topic.name(), List.of()));
  }

  /**
   * Records of the topic that the groups which read it have not done. Kafka counts the marker of a
   * transaction as one until something follows it.
   */
  long lag(Topic topic) {
    var partitions =
        IntStream.range(0, topic.partitions())
            .mapToObj(number -> new TopicPartition(topic.name(), number))
            .toList();
    var ends =
        get(
            admin
                .listOffsets(
                    partitions.stream()
                        .collect(Collectors.toMap(it -> it, _ -> OffsetSpec.latest())))
                .all());
    var lag = 0L;
    for (var group : GROUPS) {
      var done = get(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata());
      for (var partition : partitions) {
        var offset = done.get(partition);
        if (offset != null) {
          lag += Objects.requireNonNull(ends.get(partition)).offset() - offset.offset();
        }
      }
    }
    if (topic.name().startsWith("job-dispatch.")) {
      var done =
          get(
              admin
                  .listShareGroupOffsets(
                      Map.of(
                          SHARE_GROUP, new ListShareGroupOffsetsSpec().topicPartitions(partitions)))
                  .partitionsToOffsetInfo(SHARE_GROUP));
      lag += done.values().stream().mapToLong(it -> it.lag().orElseThrow()).sum();
    }
    return lag;
  }

  private static <T> T get(KafkaFuture<T> future) {
    try {
      return future.get();
    } catch (ExecutionException e) {
      throw new AssertionError(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted", e);
    }
  }

  @Override
  public void close() {
    deadLetters.close();
    producer.close();
    admin.close();
  }
}
