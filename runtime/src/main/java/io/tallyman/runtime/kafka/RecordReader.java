package io.tallyman.runtime.kafka;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * Single records by their position: assign, seek, one small fetch, about a millisecond each,
 * however long the topic. Not thread-safe.
 */
public final class RecordReader implements AutoCloseable {

  /** For one record. */
  public static final Duration PATIENCE = Duration.ofSeconds(3);

  /** One batch of small records; a larger record is fetched whole nonetheless (KIP-74). */
  private static final int FETCH_BYTES = 8_192;

  private static final Duration POLL = Duration.ofMillis(100);

  private final Consumer<byte[], byte[]> consumer;

  /** A reader with a connection of its own. */
  public RecordReader(String bootstrapServers, String clientId) {
    this.consumer =
        KafkaSettings.consumer(
            bootstrapServers,
            clientId,
            Map.of(
                ConsumerConfig.MAX_POLL_RECORDS_CONFIG,
                1,
                ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG,
                FETCH_BYTES,
                ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG,
                10,
                ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG,
                (int) PATIENCE.toMillis()));
  }

  /**
   * The record at a position, or, when it is gone, the next one that is left.
   *
   * @return empty when Kafka did not serve it in {@link #PATIENCE}
   * @throws org.apache.kafka.common.KafkaException when it cannot; the reader is of no more use
   */
  public Optional<ConsumerRecord<byte[], byte[]>> read(TopicPartition partition, long offset) {
    consumer.assign(List.of(partition));
    consumer.seek(partition, offset);
    var giveUp = System.nanoTime() + PATIENCE.toNanos();
    while (System.nanoTime() - giveUp < 0) {
      for (var record : consumer.poll(POLL)) {
        return Optional.of(record);
      }
    }
    return Optional.empty();
  }

  /**
   * The offset of the first record that is left.
   *
   * @throws org.apache.kafka.common.KafkaException when Kafka does not tell in {@link #PATIENCE}
   */
  public long beginning(TopicPartition partition) {
    return consumer.beginningOffsets(List.of(partition)).getOrDefault(partition, 0L);
  }

  /**
   * The offset that the next committed record gets.
   *
   * @throws org.apache.kafka.common.KafkaException when Kafka does not tell in {@link #PATIENCE}
   */
  public long end(TopicPartition partition) {
    return consumer.endOffsets(List.of(partition)).getOrDefault(partition, Long.MAX_VALUE);
  }

  @Override
  public void close() {
    consumer.close(CloseOptions.timeout(Duration.ZERO));
  }
}
