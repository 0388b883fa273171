package io.tallyman.api.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.runtime.kafka.KafkaSettings;
import io.tallyman.schemas.kafka.Records;
import java.time.Duration;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Puts records that nobody can read on {@code dead-letters}. Used by one thread at a time. */
final class DeadLetters implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(DeadLetters.class);
  private static final int DELIVERY_TIMEOUT_MS = 30_000;

  private final String bootstrapServers;
  private Optional<Producer<String, byte[]>> producer = Optional.empty();

  /** Connects when the first is written. */
  DeadLetters(String bootstrapServers) {
    this.bootstrapServers = bootstrapServers;
  }

  /** Sends it, and logs it; does not wait, so that the partition goes on. */
  synchronized void write(ConsumerRecord<byte[], byte[]> record, String reason) {
    LOG.warn(
        "{}-{}@{} is unreadable and goes to dead-letters: {}",
        record.topic(),
        record.partition(),
        record.offset(),
        reason);
    var open =
        producer.orElseGet(
            () ->
                KafkaSettings.producer(bootstrapServers, "api-dead-letters", DELIVERY_TIMEOUT_MS));
    producer = Optional.of(open);
    var letter = Records.deadLetter(record, reason, "api");
    var key = letter.key() == null ? null : new String(letter.key(), UTF_8);
    var _ =
        open.send(
            new ProducerRecord<>(letter.topic(), null, key, letter.value(), letter.headers()),
            (_, failure) -> {
              if (failure != null) {
                LOG.error(
                    "{}-{}@{}: the dead letter was not written: {}",
                    record.topic(),
                    record.partition(),
                    record.offset(),
                    failure.toString());
              }
            });
  }

  @Override
  public synchronized void close() {
    producer.ifPresent(open -> open.close(Duration.ofSeconds(1)));
  }
}
