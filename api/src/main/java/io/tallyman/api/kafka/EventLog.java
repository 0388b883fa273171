package io.tallyman.api.kafka;

import io.tallyman.api.views.Unavailable;
import io.tallyman.runtime.kafka.RecordReader;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.Topics.Topic;
import io.tallyman.schemas.job.EventPosition;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.schemas.job.WebhookAttempt;
import io.tallyman.schemas.json.MalformedMessage;
import io.tallyman.schemas.kafka.Records;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * Single events of the log, and what their receivers answered, by their position. Thread-safe: each
 * read borrows a reader.
 */
public final class EventLog implements AutoCloseable {

  /** Readers at once; each has its own connection. Others wait for their turn. */
  private static final int READERS = 4;

  private final String bootstrapServers;
  private final Semaphore turns = new Semaphore(READERS);
  private final ConcurrentLinkedQueue<RecordReader> idle = new ConcurrentLinkedQueue<>();
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
  public List<StoredEvent> read(List<EventPosition> positions) throws Unavailable {
    return borrowing(
        reader -> {
          var events = new ArrayList<StoredEvent>(positions.size());
          for (var position : positions) {
            var record = record(reader, partition(Topics.EVENTS, position), position);
            if (record.offset() != position.offset()) {
              throw unavailable("the event at %s is gone".formatted(position));
            }
            events.add(stored(position, record));
          }
          return events;
        });
  }

  /**
   * The attempts at these positions of {@code webhook-attempts}, in this order, save those that
   * Kafka has deleted since.
   *
   * @throws Unavailable when Kafka does not serve them in time
   */
  public List<WebhookAttempt> attempts(List<EventPosition> positions) throws Unavailable {
    return borrowing(
        reader -> {
          var beginnings = new HashMap<TopicPartition, Long>();
          var attempts = new ArrayList<WebhookAttempt>(positions.size());
          for (var position : positions) {
            var partition = partition(Topics.WEBHOOK_ATTEMPTS, position);
            if (position.offset() < beginnings.computeIfAbsent(partition, reader::beginning)) {
              continue;
            }
            var record = record(reader, partition, position);
            // In place of one that was deleted meanwhile comes the next, which may be ours too.
            if (record.offset() == position.offset()) {
              attempts.add(attempt(record));
            }
          }
          return attempts;
        });
  }

  private static WebhookAttempt attempt(ConsumerRecord<byte[], byte[]> record) throws Unavailable {
    try {
      return Records.decode(WebhookAttempt.class, record.headers(), record.value());
    } catch (MalformedMessage e) {
      throw unavailable("the attempt at offset %d is unreadable".formatted(record.offset()));
    }
  }

  /** What somebody does with a reader. */
  @FunctionalInterface
  private interface Reading<T> {
    T with(RecordReader reader) throws Unavailable;
  }

  private <T> T borrowing(Reading<T> reading) throws Unavailable {
    try {
      if (!turns.tryAcquire(RecordReader.PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
        throw unavailable("all readers are busy");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw unavailable("this service stops");
    }
    try {
      return inTurn(reading);
    } finally {
      turns.release();
    }
  }

  private <T> T inTurn(Reading<T> reading) throws Unavailable {
    var borrowed = idle.poll();
    try {
      var reader = borrowed == null ? new RecordReader(bootstrapServers, "api-history") : borrowed;
      borrowed = reader;
      var read = reading.with(reader);
      if (!isClosed) {
        idle.add(reader);
        borrowed = null;
      }
      return read;
    } catch (KafkaException e) {
      throw unavailable("Kafka does not serve it: " + e.getClass().getSimpleName());
    } finally {
      // After a failure nobody knows its state: the next reader opens a new one.
      if (borrowed != null) {
        borrowed.close();
      }
    }
  }

  /** The record there, or the next one that is left. */
  private static ConsumerRecord<byte[], byte[]> record(
      RecordReader reader, TopicPartition partition, EventPosition position) throws Unavailable {
    return reader
        .read(partition, position.offset())
        .orElseThrow(() -> unavailable("Kafka did not serve %s in time".formatted(position)));
  }

  private static TopicPartition partition(Topic topic, EventPosition position) {
    return new TopicPartition(topic.name(), position.partition());
  }

  private static StoredEvent stored(EventPosition position, ConsumerRecord<byte[], byte[]> record)
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

  @Override
  public void close() {
    isClosed = true;
    for (var reader = idle.poll(); reader != null; reader = idle.poll()) {
      reader.close();
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
  public record StoredEvent(EventPosition position, String type, JobEvent event, RawJson json) {}
}
