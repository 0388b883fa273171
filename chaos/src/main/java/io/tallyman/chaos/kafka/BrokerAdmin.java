package io.tallyman.chaos.kafka;

import io.tallyman.runtime.kafka.KafkaSettings;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** Questions and interventions of an operator. Thread-safe. */
public final class BrokerAdmin implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(1);
  private static final int DELIVERY_MILLIS = 20_000;

  private final Admin admin;
  private final Producer<String, byte[]> producer;

  /**
   * @param bootstrapServers past the proxies
   */
  public BrokerAdmin(String bootstrapServers) {
    this.admin =
        Admin.create(
            Map.of(
                "bootstrap.servers",
                bootstrapServers,
                "request.timeout.ms",
                (int) PATIENCE.toMillis(),
                "default.api.timeout.ms",
                (int) PATIENCE.toMillis(),
                "reconnect.backoff.max.ms",
                500));
    this.producer = KafkaSettings.producer(bootstrapServers, "chaos", DELIVERY_MILLIS);
  }

  /** How many brokers serve; 0 when none answers. */
  public int brokers() throws InterruptedException {
    try {
      return admin.describeCluster().nodes().get().size();
    } catch (ExecutionException _) {
      return 0;
    }
  }

  /** Which broker leads a partition, as a number; empty when nobody knows. */
  public OptionalInt leader(String topic, int partition) throws InterruptedException {
    try {
      return admin.describeTopics(Set.of(topic)).allTopicNames().get().values().stream()
          .map(found -> found.partitions().get(partition).leader())
          .filter(leader -> leader != null && !leader.isEmpty())
          .mapToInt(Node::id)
          .findAny();
    } catch (ExecutionException _) {
      return OptionalInt.empty();
    }
  }

  /** How many copies of partitions lag behind or are lost; -1 when nobody knows. */
  public int missingReplicas() throws InterruptedException {
    try {
      var names = admin.listTopics().names().get();
      return admin.describeTopics(names).allTopicNames().get().values().stream()
          .flatMap(topic -> topic.partitions().stream())
          .mapToInt(partition -> partition.replicas().size() - partition.isr().size())
          .sum();
    } catch (ExecutionException _) {
      return -1;
    }
  }

  /**
   * Sets a consumer group back in every partition that it has read.
   *
   * @param records how many, or to the beginning
   * @return from where to where
   * @throws IllegalStateException when Kafka refuses, as long as the group has members
   */
  public String rewind(String group, long records) throws InterruptedException {
    try {
      var committed = admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
      var back = new HashMap<TopicPartition, OffsetAndMetadata>();
      committed.forEach(
          (partition, at) ->
              back.put(partition, new OffsetAndMetadata(Math.max(0, at.offset() - records))));
      admin.alterConsumerGroupOffsets(group, back).all().get();
      return committed + " to " + back;
    } catch (ExecutionException e) {
      throw new IllegalStateException("Expected to set %s back, but failed".formatted(group), e);
    }
  }

  /** How many records a group has not committed yet; -1 when nobody knows. */
  public long lag(String group, String topic) throws InterruptedException {
    try {
      var committed = admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
      var partitions =
          admin.describeTopics(Set.of(topic)).allTopicNames().get().values().stream()
              .flatMap(found -> found.partitions().stream())
              .map(partition -> new TopicPartition(topic, partition.partition()))
              .toList();
      var ends = new HashMap<TopicPartition, OffsetSpec>();
      partitions.forEach(partition -> ends.put(partition, OffsetSpec.latest()));
      var end = admin.listOffsets(ends).all().get();
      return partitions.stream()
          .mapToLong(
              partition -> {
                var last = end.get(partition);
                return (last == null ? 0 : last.offset()) - offset(committed.get(partition));
              })
          .sum();
    } catch (ExecutionException _) {
      return -1;
    }
  }

  /**
   * Writes raw bytes.
   *
   * @return {@code topic-partition@offset}
   * @throws TimeoutException when no acknowledgement came in time: nobody knows
   */
  public String write(
      String topic, @Nullable String key, byte @Nullable [] value, Map<String, byte[]> headers)
      throws InterruptedException, TimeoutException {
    var record = new ProducerRecord<String, byte[]>(topic, key, value);
    headers.forEach((name, content) -> record.headers().add(name, content));
    try {
      var at = producer.send(record).get(DELIVERY_MILLIS, TimeUnit.MILLISECONDS);
      return "%s-%d@%d".formatted(at.topic(), at.partition(), at.offset());
    } catch (ExecutionException e) {
      throw new IllegalStateException("Expected to write to " + topic, e);
    }
  }

  /** Names of all topics; empty when nobody answers. */
  public List<String> topics() throws InterruptedException {
    try {
      return admin.listTopics().names().get().stream().sorted().toList();
    } catch (ExecutionException _) {
      return List.of();
    }
  }

  @Override
  public void close() {
    producer.close(CLOSE_LIMIT);
    admin.close(CLOSE_LIMIT);
  }

  private static long offset(@Nullable OffsetAndMetadata at) {
    return at == null ? 0 : at.offset();
  }
}
