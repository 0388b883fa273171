package io.tallyman.api.kafka;

import io.tallyman.api.rocksdb.IndexEntry.Position;
import io.tallyman.api.views.Unavailable;
import io.tallyman.runtime.kafka.KafkaSettings;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.schemas.json.MalformedMessage;
import io.tallyman.schemas.kafka.Records;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * Single events of the log by their position: assign, seek, one small fetch, about a millisecond
 * each, however long the log. Thread-safe: each read borrows a consumer.
 */
public final class EventLog implements AutoCloseable {

  /** Readers at once; each has its own connection. Others wait for their turn. */
  private static final int CONSUMERS = 4;

  /** For one record; a reader's share of waiting for its turn as well. */
  private static final Duration PATIENCE = Duration.ofSeconds(3);

  /** One batch of small records; a larger record is fetched whole nonetheless (KIP-74). */
  private static final int FETCH_BYTES = 8_192;

  private final String bootstrapServers;
  private final Semaphore turns = new Semaphore(CONSUMERS);
  private final ConcurrentLinkedQueue<Consumer<byte[], byte[]>> idle =
      new ConcurrentLinkedQueue<>();
  private volatile boolean isClosed;

  /** Connects when first asked. */
  public EventLog(String bootstrapServers) {
    this.bootstrapServers = bootstrapServers;
  }

  /**
   * The events at these positions, in this order.
   *
   * @throws Unavailable when Kafka does not serve them in time
   */
  public List<StoredEvent> read(List<Position> positions) throws Unavailable {
    try {
      if (!turns.tryAcquire(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
        throw unavailable("all readers are busy");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw unavailable("this service stops");
    }
    try {
      return borrowAndRead(positions);
    } finally {
      turns.release();
    }
  }

  private List<StoredEvent> borrowAndRead(List<Position> positions) throws Unavailable {
    var borrowed = idle.poll();
    try {
      var consumer = borrowed == null ? connect() : borrowed;
      borrowed = consumer;
      var events = new ArrayList<StoredEvent>(positions.size());
      for (var position : positions) {
        events.add(stored(position, read(consumer, position)));
      }
      if (!isClosed) {
        idle.add(consumer);
        borrowed = null;
      }
      return events;
    } catch (KafkaException e) {
      throw unavailable("Kafka does not serve it: " + e.getClass().getSimpleName());
    } finally {
      // After a failure nobody knows its state: the next reader opens a new one.
      if (borrowed != null) {
        borrowed.close(CloseOptions.timeout(Duration.ZERO));
      }
    }
  }

  private static ConsumerRecord<byte[], byte[]> read(
      Consumer<byte[], byte[]> consumer, Position position) throws Unavailable {
    var partition = new TopicPartition(Topics.EVENTS.name(), position.partition());
    consumer.assign(List.of(partition));
    consumer.seek(partition, position.offset());
    var giveUp = System.nanoTime() + PATIENCE.toNanos();
    while (System.nanoTime() - giveUp < 0) {
      for (var record : consumer.poll(Duration.ofMillis(100))) {
        if (record.offset() != position.offset()) {
          throw unavailable("the event at %s is gone".formatted(position));
        }
        return record;
      }
    }
    throw unavailable("Kafka did not serve the event at %s in time".formatted(position));
  }

  private static StoredEvent stored(Position position, ConsumerRecord<byte[], byte[]> record)
      throws Unavailable {
    try {
      var event = Records.event(record);
      var type = Objects.requireNonNull(Records.text(record.headers(), "ce_type"));
      return new StoredEvent(
          position, type, event, RawJson.copyOf(record.value(), 0, record.value().length));
    } catch (MalformedMessage e) {
      throw unavailable("the event at %s is unreadable".formatted(position));
    }
  }

  private Consumer<byte[], byte[]> connect() {
    return KafkaSettings.consumer(
        bootstrapServers,
        "api-history",
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

  @Override
  public void close() {
    isClosed = true;
    for (var consumer = idle.poll(); consumer != null; consumer = idle.poll()) {
      consumer.close(CloseOptions.timeout(Duration.ZERO));
    }
  }

  private static Unavailable unavailable(String why) {
    return new Unavailable(
        Unavailable.Reason.EVENT_LOG_UNAVAILABLE,
        "Expected to read the event log, but " + why + ". Try again");
  }

  /**
   * An event as the log has it.
   *
   * @param position where it is
   * @param type its {@code ce_type}
   * @param event the fact
   * @param json its bytes
   */
  public record StoredEvent(Position position, String type, JobEvent event, RawJson json) {}
}
