package io.tallyman.api.kafka;

import io.tallyman.api.views.JobWatch;
import io.tallyman.api.views.Runners;
import io.tallyman.runtime.kafka.KafkaSettings;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.Topics.Topic;
import io.tallyman.schemas.job.Rejection;
import io.tallyman.schemas.job.RunnerHeartbeat;
import io.tallyman.schemas.json.MalformedMessage;
import io.tallyman.schemas.kafka.Records;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads what is of interest only while it is new: rejections, for whoever waits for an answer to
 * its command, and heartbeats. From the end of both topics, and every api all of both.
 *
 * <p>What cannot be read is logged and left out, and has no dead letter: neither topic carries
 * facts about a job. Whoever waits for that answer repeats its command, and the next heartbeat
 * comes in seconds.
 */
final class NewsTail {

  private static final Logger LOG = LoggerFactory.getLogger(NewsTail.class);
  private static final List<Topic> TOPICS = List.of(Topics.REJECTIONS, Topics.HEARTBEATS);
  private static final Duration POLL = Duration.ofMillis(200);

  private final String bootstrapServers;
  private final JobWatch watch;
  private final Runners runners;
  private volatile boolean isListening;

  NewsTail(String bootstrapServers, JobWatch watch, Runners runners) {
    this.bootstrapServers = bootstrapServers;
    this.watch = watch;
    this.runners = runners;
  }

  /** Whether a rejection written from now on will be heard. */
  boolean isListening() {
    return isListening;
  }

  /** Follows both topics until it should stop. */
  void follow(BooleanSupplier isStopping) {
    try (var consumer = KafkaSettings.consumer(bootstrapServers, "api-news", Map.of())) {
      var partitions =
          TOPICS.stream()
              .flatMap(topic -> consumer.partitionsFor(topic.name()).stream())
              .map(info -> new TopicPartition(info.topic(), info.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToEnd(partitions);
      // Seeking is lazy; asking for the position makes it happen before anybody counts on it.
      partitions.forEach(consumer::position);
      isListening = true;
      follow(consumer, isStopping);
    } finally {
      isListening = false;
    }
  }

  private void follow(Consumer<byte[], byte[]> consumer, BooleanSupplier isStopping) {
    while (!isStopping.getAsBoolean()) {
      var records = consumer.poll(POLL);
      for (var record : records) {
        try {
          tell(record);
        } catch (MalformedMessage e) {
          LOG.warn(
              "{}-{}@{} is no news and is left out: {}",
              record.topic(),
              record.partition(),
              record.offset(),
              e.getMessage());
        }
      }
    }
  }

  private void tell(ConsumerRecord<byte[], byte[]> record) throws MalformedMessage {
    if (record.topic().equals(Topics.REJECTIONS.name())) {
      watch.tell(Records.decode(Rejection.class, record.headers(), record.value()));
    } else {
      runners.heard(Records.decode(RunnerHeartbeat.class, record.headers(), record.value()));
    }
  }
}
