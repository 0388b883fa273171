package io.tallyman.runtime.kafka;

import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartitionInfo;

/**
 * How many disks must be lost before an acknowledged record is: each topic has at least so many
 * replicas, and a record is acknowledged when most of them have it.
 *
 * @param replicas the least; 1: as the broker has it, one disk
 */
record Durability(int replicas) {

  /** What a topic's configuration needs for it. A write that fewer replicas would have fails. */
  Map<String, String> settings() {
    return replicas == 1
        ? Map.of()
        : Map.of("min.insync.replicas", Integer.toString(replicas / 2 + 1));
  }

  /** The replicas of a topic that we create; empty: the broker's default. */
  Optional<Short> replicasOfNew() {
    return replicas == 1 ? Optional.empty() : Optional.of((short) replicas);
  }

  /**
   * Why this topic is not durable enough, with the command that puts it right; empty when it is.
   *
   * @param brokers that there are
   */
  Optional<String> obstacle(
      TopicDescription topic, Collection<Node> brokers, String bootstrapServers) {
    var least =
        topic.partitions().stream().mapToInt(it -> it.replicas().size()).min().orElse(replicas);
    if (least >= replicas) {
      return Optional.empty();
    }
    var found =
        "Expected topic '%s' to have %d replicas (TALLY_KAFKA_MIN_REPLICATION), but it has %d"
            .formatted(topic.name(), replicas, least);
    return Optional.of(
        brokers.size() < replicas
            ? "%s, and there are only %d brokers: start more, or lower it"
                .formatted(found, brokers.size())
            : "%s; put it right with: echo '%s' > raise.json && kafka-reassign-partitions.sh"
                    .formatted(found, raise(topic, brokers))
                + " --bootstrap-server %s --reassignment-json-file raise.json --execute"
                    .formatted(bootstrapServers));
  }

  /** The file of the reassignment: those that there are, and others until it is enough. */
  private String raise(TopicDescription topic, Collection<Node> brokers) {
    return topic.partitions().stream()
        .map(
            partition ->
                "{\"topic\":\"%s\",\"partition\":%d,\"replicas\":%s}"
                    .formatted(topic.name(), partition.partition(), replicas(partition, brokers)))
        .collect(Collectors.joining(",", "{\"version\":1,\"partitions\":[", "]}"));
  }

  private String replicas(TopicPartitionInfo partition, Collection<Node> brokers) {
    var ids = new TreeMap<Integer, Node>();
    brokers.forEach(broker -> ids.put(broker.id(), broker));
    // Not the same brokers for every partition.
    var next = partition.partition() % ids.size();
    var others = ids.keySet().stream().toList();
    return Stream.concat(
            partition.replicas().stream().map(Node::id),
            Stream.concat(
                others.subList(next, others.size()).stream(), others.subList(0, next).stream()))
        .distinct()
        .limit(replicas)
        .map(String::valueOf)
        .collect(Collectors.joining(",", "[", "]"));
  }
}
