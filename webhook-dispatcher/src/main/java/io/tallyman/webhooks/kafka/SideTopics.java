package io.tallyman.webhooks.kafka;

import io.tallyman.schemas.Topics;
import io.tallyman.schemas.Topics.Topic;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.clients.consumer.Consumer;

/**
 * The topics beside the event log: whoever has a partition of the log has theirs of the same
 * number, so each must have as many.
 */
final class SideTopics {

  private static final List<Topic> ALL =
      List.of(Topics.WEBHOOK_ATTEMPTS, Topics.WEBHOOK_OVERFLOW, Topics.WEBHOOK_REDELIVERIES);

  private SideTopics() {}

  /**
   * Why the log cannot be read, in one sentence that says what to do; empty when it can.
   *
   * @param consumer that has read none of them: it would remember how many there were
   */
  static Optional<String> obstacle(Consumer<byte[], byte[]> consumer, String bootstrapServers) {
    var needed = partitions(consumer, Topics.EVENTS);
    for (var topic : ALL) {
      var found = partitions(consumer, topic);
      if (found < needed) {
        return Optional.of(
            ("Expected topic '%s' to have %d partitions as '%s' has, but it has %d, and webhooks of"
                    + " the others would have no place; put it right with: kafka-topics.sh"
                    + " --bootstrap-server %s --alter --topic %s --partitions %d")
                .formatted(
                    topic.name(),
                    needed,
                    Topics.EVENTS.name(),
                    found,
                    bootstrapServers,
                    topic.name(),
                    needed));
      }
    }
    return Optional.empty();
  }

  /** As many as each of them has. */
  static int partitions(Consumer<byte[], byte[]> consumer) {
    return ALL.stream().mapToInt(topic -> partitions(consumer, topic)).min().orElseThrow();
  }

  private static int partitions(Consumer<byte[], byte[]> consumer, Topic topic) {
    return consumer.partitionsFor(topic.name()).size();
  }
}
