package io.tallyman.api.kafka;

import io.tallyman.api.rocksdb.OffsetIndex;
import io.tallyman.api.rocksdb.OffsetIndex.Located;
import io.tallyman.api.views.JobWatch;
import io.tallyman.api.views.RecentViews;
import io.tallyman.runtime.kafka.KafkaSettings;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.job.EventPosition;
import io.tallyman.schemas.json.MalformedMessage;
import io.tallyman.schemas.kafka.Records;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RetriableException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads {@code job-events} from where the index stands, for as long as the service runs: each batch
 * goes into the {@link OffsetIndex}, then into {@link RecentViews}, then to {@link JobWatch}, so
 * that whoever is woken finds what woke it. Committed events only, all partitions, no group: every
 * api reads all. So it is not the one to write a dead letter for what is no event: there would be
 * one of each api. The webhook-dispatchers do, whose group reads each record once.
 */
final class EventTail {

  private static final Logger LOG = LoggerFactory.getLogger(EventTail.class);

  /** Records in one batch, and so in one write of the index. */
  private static final int BATCH = 2_000;

  /** Bytes in one batch, all partitions together; one record may be larger. */
  private static final int BATCH_BYTES = 16 << 20;

  private static final Duration POLL = Duration.ofMillis(200);
  private static final Duration ANSWER_LIMIT = Duration.ofSeconds(2);

  /** How often Kafka is asked where the log ends. */
  private static final Duration CHECK = Duration.ofSeconds(1);

  /** How often Kafka is asked whether there are more partitions. */
  private static final Duration CHECK_PARTITIONS = Duration.ofSeconds(30);

  private final String bootstrapServers;
  private final OffsetIndex index;
  private final RecentViews recent;
  private final JobWatch watch;
  private final LogState state = new LogState(System::nanoTime);

  /** Per partition: everything before is in the index. */
  private final Map<Integer, Long> positions = new ConcurrentHashMap<>();

  EventTail(String bootstrapServers, OffsetIndex index, RecentViews recent, JobWatch watch) {
    this.bootstrapServers = bootstrapServers;
    this.index = index;
    this.recent = recent;
    this.watch = watch;
  }

  /** How well it follows. */
  LogState state() {
    return state;
  }

  /** Up to which offset of a partition the index has the log. */
  long indexed(int partition) {
    return positions.getOrDefault(partition, 0L);
  }

  /**
   * Follows the log until it should stop, or until something must begin anew: the caller then calls
   * again.
   */
  void follow(BooleanSupplier isStopping) throws InterruptedException {
    if (!index.belongTo(TopicIds.of(bootstrapServers, Topics.EVENTS))) {
      positions.clear();
      state.restarted();
    }
    try (var consumer =
        KafkaSettings.consumer(
            bootstrapServers,
            "api-events",
            Map.of(
                ConsumerConfig.MAX_POLL_RECORDS_CONFIG,
                BATCH,
                ConsumerConfig.FETCH_MAX_BYTES_CONFIG,
                BATCH_BYTES))) {
      var partitions = partitions(consumer);
      consumer.assign(partitions);
      partitions.forEach(partition -> consumer.seek(partition, index.next(partition.partition())));
      follow(consumer, partitions.size(), isStopping);
    }
  }

  private void follow(
      Consumer<byte[], byte[]> consumer, int partitions, BooleanSupplier isStopping) {
    var nextCheck = System.nanoTime();
    var nextPartitionCheck = nextCheck + CHECK_PARTITIONS.toNanos();
    // One after the other: an end that moves on each second is never reached.
    var goal = Optional.<LogEnd>empty();
    while (!isStopping.getAsBoolean()) {
      var records = consumer.poll(POLL);
      if (!records.isEmpty()) {
        apply(records);
      }
      notePositions(consumer);
      var now = System.nanoTime();
      if (now - nextCheck >= 0) {
        var end = askEnd(consumer);
        goal = goal.or(() -> end);
        nextCheck = System.nanoTime() + CHECK.toNanos();
      }
      if (goal.isPresent() && isReached(consumer, goal.get())) {
        state.read(goal.get().at());
        goal = Optional.empty();
      }
      if (now - nextPartitionCheck >= 0) {
        if (partitions(consumer).size() != partitions) {
          return;
        }
        nextPartitionCheck = now + CHECK_PARTITIONS.toNanos();
      }
    }
  }

  private void apply(ConsumerRecords<byte[], byte[]> records) {
    var events = new ArrayList<Located>(records.count());
    for (var record : records) {
      try {
        events.add(
            new Located(
                Records.event(record), new EventPosition(record.partition(), record.offset())));
      } catch (MalformedMessage e) {
        LOG.warn(
            "{}-{}@{} is no event and is left out; the webhook-dispatcher buries it: {}",
            record.topic(),
            record.partition(),
            record.offset(),
            e.getMessage());
      }
    }
    var next = new HashMap<Integer, Long>();
    records.nextOffsets().forEach((partition, to) -> next.put(partition.partition(), to.offset()));
    index.apply(events, next);
    for (var located : events) {
      recent.put(located.event());
    }
    for (var located : events) {
      watch.tell(located.event());
    }
  }

  /** Beyond the last record too: a transaction ends with an offset that is no record. */
  private void notePositions(Consumer<byte[], byte[]> consumer) {
    for (var partition : consumer.assignment()) {
      try {
        positions.put(partition.partition(), consumer.position(partition, ANSWER_LIMIT));
      } catch (RetriableException e) {
        // A leader changes; what was noted before still holds.
      }
    }
  }

  private Optional<LogEnd> askEnd(Consumer<byte[], byte[]> consumer) {
    try {
      var at = System.nanoTime();
      var end = new LogEnd(at, consumer.endOffsets(consumer.assignment(), ANSWER_LIMIT));
      state.answered(at, end.behind(consumer));
      return Optional.of(end);
    } catch (RetriableException e) {
      // No answer: the state grows old, and says so.
      return Optional.empty();
    }
  }

  private static boolean isReached(Consumer<byte[], byte[]> consumer, LogEnd goal) {
    try {
      return goal.behind(consumer) == 0;
    } catch (RetriableException e) {
      // A leader changes, and the position is confirmed only by the new one.
      return false;
    }
  }

  private static List<TopicPartition> partitions(Consumer<byte[], byte[]> consumer) {
    return consumer.partitionsFor(Topics.EVENTS.name()).stream()
        .map(info -> new TopicPartition(info.topic(), info.partition()))
        .toList();
  }

  /** Where the log ended at some moment. */
  private record LogEnd(long at, Map<TopicPartition, Long> offsets) {

    /** Events up to there that are still to be read. */
    long behind(Consumer<byte[], byte[]> consumer) {
      return offsets.entrySet().stream()
          .mapToLong(
              end -> Math.max(0, end.getValue() - consumer.position(end.getKey(), ANSWER_LIMIT)))
          .sum();
    }
  }
}
