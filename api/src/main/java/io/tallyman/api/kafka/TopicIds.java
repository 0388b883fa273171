package io.tallyman.api.kafka;

import io.tallyman.runtime.kafka.KafkaSettings;
import io.tallyman.schemas.Topics.Topic;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.common.KafkaException;

/** Kafka gives each topic an id of its own; created anew, it has another. */
final class TopicIds {

  private TopicIds() {}

  static String of(String bootstrapServers, Topic topic) throws InterruptedException {
    try (var admin = KafkaSettings.admin(bootstrapServers, "api-topic-ids")) {
      var topics = admin.describeTopics(List.of(topic.name())).allTopicNames().get();
      return Objects.requireNonNull(topics.get(topic.name())).topicId().toString();
    } catch (ExecutionException e) {
      throw new KafkaException(
          "Expected to learn the id of %s, but failed".formatted(topic.name()), e.getCause());
    }
  }
}
