package io.tallyman.runner.kafka;

import io.tallyman.schemas.Topics;
import io.tallyman.schemas.kafka.Records;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Puts away records that nobody can read. They are rare, so each gets a producer of its own. */
final class DeadLetters {

  /** Shorter than the lock on a dispatch record, 30 s. */
  private static final int TIMEOUT_MS = 10_000;

  private static final Logger LOG = LoggerFactory.getLogger(DeadLetters.class);

  private final String bootstrapServers;

  DeadLetters(String bootstrapServers) {
    this.bootstrapServers = bootstrapServers;
  }

  /** Writes the dead letter of a record; false when it could not be made durable. */
  boolean bury(ConsumerRecord<byte[], byte[]> record, String reason) {
    var settings =
        Map.<String, Object>of(
            ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
            bootstrapServers,
            ProducerConfig.ACKS_CONFIG,
            "all",
            ProducerConfig.MAX_REQUEST_SIZE_CONFIG,
            Topics.MAX_RECORD_BYTES,
            ProducerConfig.MAX_BLOCK_MS_CONFIG,
            TIMEOUT_MS,
            ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG,
            TIMEOUT_MS,
            ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG,
            TIMEOUT_MS,
            ProducerConfig.LINGER_MS_CONFIG,
            0);
    try (var producer =
        new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
      producer.send(Records.deadLetter(record, reason, "worker-runner")).get();
      LOG.warn(
          "unreadable record {}-{}@{} put on {}: {}",
          record.topic(),
          record.partition(),
          record.offset(),
          Topics.DEAD_LETTERS.name(),
          reason);
      return true;
    } catch (ExecutionException e) {
      LOG.error(
          "unreadable record {}-{}@{} could not be put on {}: {}",
          record.topic(),
          record.partition(),
          record.offset(),
          Topics.DEAD_LETTERS.name(),
          String.valueOf(e.getCause()));
      return false;
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
