package io.tallyman.api.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.api.rocksdb.AttemptIndex;
import io.tallyman.api.rocksdb.AttemptIndex.Located;
import io.tallyman.runtime.kafka.KafkaSettings;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.job.EventPosition;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.TopicPartition;

/**
 * Reads {@code webhook-attempts} from where the index stands, for as long as the service runs. Only
 * where a record is matters here; what is in it is read when somebody asks.
 */
final class AttemptTail {

  /** Records in one batch, and so in one write of the index. */
  private static final int BATCH = 2_000;

  private static final Duration POLL = Duration.ofMillis(200);

  private final String bootstrapServers;
  private final AttemptIndex index;

  AttemptTail(String bootstrapServers, AttemptIndex index) {
    this.bootstrapServers = bootstrapServers;
    this.index = index;
  }

  /** Follows the topic until it should stop. */
  void follow(BooleanSupplier isStopping) throws InterruptedException {
    index.belongTo(TopicIds.of(bootstrapServers, Topics.WEBHOOK_ATTEMPTS));
    try (var consumer =
        KafkaSettings.consumer(
            bootstrapServers,
            "api-attempts",
            Map.of(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, BATCH))) {
      var partitions =
          consumer.partitionsFor(Topics.WEBHOOK_ATTEMPTS.name()).stream()
              .map(info -> new TopicPartition(info.topic(), info.partition()))
              .toList();
      consumer.assign(partitions);
      partitions.forEach(partition -> consumer.seek(partition, index.next(partition.partition())));
      while (!isStopping.getAsBoolean()) {
        var records = consumer.poll(POLL);
        if (!records.isEmpty()) {
          apply(records);
        }
      }
    }
  }

  private void apply(ConsumerRecords<byte[], byte[]> records) {
    var attempts = new ArrayList<Located>(records.count());
    for (var record : records) {
      if (record.key() != null) {
        attempts.add(
            new Located(
                new String(record.key(), UTF_8),
                new EventPosition(record.partition(), record.offset())));
      }
    }
    var next = new HashMap<Integer, Long>();
    records.nextOffsets().forEach((partition, to) -> next.put(partition.partition(), to.offset()));
    index.apply(attempts, next);
  }
}
