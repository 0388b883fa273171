package io.tallyman.webhooks.kafka;

import io.tallyman.runtime.kafka.RecordReader;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.job.EventPosition;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.WebhookAttempt;
import io.tallyman.schemas.job.WebhookRedelivery;
import io.tallyman.schemas.json.MalformedMessage;
import io.tallyman.schemas.kafka.Records;
import io.tallyman.webhooks.delivery.Deliverer;
import io.tallyman.webhooks.delivery.LoggedEvent;
import io.tallyman.webhooks.delivery.PastAttempts;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Orders to tell a receiver again, from {@code webhook-redeliveries}. Its partitions are those of
 * the event log, so whoever has one has the other, and a redelivery waits in the lane of its job.
 * An order is done when its delivery is terminal; after a crash it is carried out again. Belongs to
 * the thread that polls, but the events are read by a thread of their own: a slow log must not hold
 * up the heartbeat.
 */
final class Redeliveries implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Redeliveries.class);

  /** At once, of each partition and trigger; those ordered by hand do not wait for the others. */
  private static final int MAX_OPEN = 50;

  /** Read ahead and kept, of each partition; an order takes about 500 bytes. */
  private static final int MAX_WAITING = 5_000;

  /** Between two tries to read an event, while Kafka does not serve it. */
  private static final Duration PAUSE = Duration.ofSeconds(1);

  private final Consumer<byte[], byte[]> consumer;
  private final Supplier<RecordReader> readers;
  private final Deliverer deliverer;
  private final Assignments assignments = new Assignments();
  private final Map<Integer, Part> parts = new HashMap<>();
  private final ExecutorService reading =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().name("webhook-redeliveries").daemon().factory());

  private final CountDownLatch closing = new CountDownLatch(1);

  /** Of the thread that reads. */
  private @Nullable RecordReader reader;

  /**
   * Nothing ordered.
   *
   * @param consumer with a group for its commits; partitions are assigned by hand
   * @param readers make a reader of the event log
   */
  Redeliveries(
      Consumer<byte[], byte[]> consumer, Supplier<RecordReader> readers, Deliverer deliverer) {
    this.consumer = consumer;
    this.readers = readers;
    this.deliverer = deliverer;
  }

  /** Partitions of the event log are ours now, and with them these here. */
  void assign(Collection<Integer> numbers) {
    var fresh = numbers.stream().map(Redeliveries::partition).toList();
    var committed = consumer.committed(Set.copyOf(fresh));
    for (var partition : fresh) {
      assignments.add(
          partition, Assignment.of(partition, committed.get(partition), PastAttempts.none()));
      parts.put(partition.partition(), new Part());
    }
    consumer.assign(assignments.partitions());
    for (var partition : fresh) {
      consumer.seek(partition, assignments.of(partition).orElseThrow().offsets().watermark());
    }
  }

  /** Partitions of the event log go: stops their deliveries, and commits unless they are lost. */
  void release(Collection<Integer> numbers, boolean areLost) {
    var gone = numbers.stream().map(Redeliveries::partition).toList();
    assignments.release(gone);
    if (!areLost) {
      assignments.commitNow(consumer, gone);
    }
    assignments.remove(gone);
    numbers.forEach(parts::remove);
    consumer.assign(assignments.partitions());
  }

  /** Begins what has been ordered. */
  void drain() {
    if (assignments.partitions().isEmpty()) {
      return;
    }
    var records = consumer.poll(Duration.ZERO);
    for (var record : records) {
      take(record);
    }
    records
        .nextOffsets()
        .forEach(
            (partition, next) ->
                assignments.of(partition).ifPresent(it -> it.offsets().advance(next.offset())));
    parts.forEach(
        (number, part) -> {
          var partition = partition(number);
          var assignment = assignments.of(partition).orElseThrow();
          part.byHand.beginNext(assignment);
          part.redrive.beginNext(assignment);
          if (part.waiting() < MAX_WAITING) {
            consumer.resume(List.of(partition));
          } else {
            consumer.pause(List.of(partition));
          }
        });
  }

  void commitInBackground() {
    assignments.commitInBackground(consumer);
  }

  /** Stops its deliveries, commits and closes the consumer. */
  @Override
  public void close() {
    closing.countDown();
    assignments.releaseAll();
    assignments.release(assignments.partitions());
    assignments.commitNow(consumer, assignments.partitions());
    consumer.close(CloseOptions.timeout(Assignments.COMMIT_PATIENCE));
    reading.execute(this::closeReader);
    reading.shutdown();
  }

  private void take(ConsumerRecord<byte[], byte[]> record) {
    var assignment =
        assignments.of(new TopicPartition(record.topic(), record.partition())).orElseThrow();
    if (!assignment.offsets().begin(record.offset())) {
      return;
    }
    try {
      var order = Records.decode(WebhookRedelivery.class, WebhookRedelivery::jobId, record);
      if (order.event().partition() != record.partition()) {
        throw new MalformedMessage("Expected an event of the same partition");
      }
      var part = parts.get(record.partition());
      if (part != null) {
        (order.trigger().equals(WebhookAttempt.REDRIVE) ? part.redrive : part.byHand)
            .waiting.add(new Order(record.offset(), order));
      }
    } catch (MalformedMessage e) {
      LOG.error(
          "{}-{}@{} is no order to tell a receiver again, and is left out: {}",
          record.topic(),
          record.partition(),
          record.offset(),
          e.getMessage());
      assignment.offsets().finish(record.offset());
    }
  }

  /** Reads the event and hands it to the deliverer. On the thread that reads. */
  private void begin(Order order, Assignment assignment, Runnable whenDone) {
    var position = order.order().event();
    try {
      while (assignment.claim().isHeld()) {
        var record = read(position);
        if (record.isPresent()) {
          tell(order.order(), record.get(), assignment, whenDone);
          return;
        }
        if (isBeyondTheEnd(position)) {
          LOG.error("there is no event at {}: not told", position);
          whenDone.run();
          return;
        }
        LOG.warn("the event at {} cannot be read, tried again: its webhook waits", position);
        if (closing.await(PAUSE.toMillis(), TimeUnit.MILLISECONDS)) {
          return;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void tell(
      WebhookRedelivery order,
      ConsumerRecord<byte[], byte[]> record,
      Assignment assignment,
      Runnable whenDone) {
    var event = eventOf(order, record);
    var receiver = event.flatMap(it -> it.meta().webhook()).orElse(null);
    if (event.isEmpty() || receiver == null) {
      LOG.error("there is no webhook of job {} at {}: not told", order.jobId(), order.event());
      whenDone.run();
    } else {
      deliverer.redeliver(
          new LoggedEvent(event.get(), order.event()),
          receiver,
          order.trigger(),
          assignment.origin(),
          whenDone);
    }
  }

  /**
   * Empty when the record is not what was ordered: the log was made anew, or the order is wrong.
   */
  private static Optional<JobEvent> eventOf(
      WebhookRedelivery order, ConsumerRecord<byte[], byte[]> record) {
    try {
      return Optional.of(Records.event(record))
          .filter(
              event ->
                  event.meta().jobId().equals(order.jobId())
                      && event.meta().sequence() == order.sequence());
    } catch (MalformedMessage e) {
      return Optional.empty();
    }
  }

  private Optional<ConsumerRecord<byte[], byte[]>> read(EventPosition position) {
    try {
      var open = reader;
      if (open == null) {
        open = readers.get();
        reader = open;
      }
      return open.read(
          new TopicPartition(Topics.EVENTS.name(), position.partition()), position.offset());
    } catch (KafkaException e) {
      LOG.warn("the event log is not served: {}", e.toString());
      closeReader();
      return Optional.empty();
    }
  }

  /** Waiting would be for ever: the log was made anew, or the order is wrong. */
  private boolean isBeyondTheEnd(EventPosition position) {
    var open = reader;
    try {
      return open != null
          && open.end(new TopicPartition(Topics.EVENTS.name(), position.partition()))
              <= position.offset();
    } catch (KafkaException e) {
      closeReader();
      return false;
    }
  }

  private void closeReader() {
    var open = reader;
    reader = null;
    if (open != null) {
      open.close();
    }
  }

  private static TopicPartition partition(int number) {
    return new TopicPartition(Topics.WEBHOOK_REDELIVERIES.name(), number);
  }

  /** An order, and its offset. */
  private record Order(long offset, WebhookRedelivery order) {}

  /** One partition. */
  private final class Part {
    private final Line byHand = new Line();
    private final Line redrive = new Line();

    private int waiting() {
      return byHand.waiting.size() + redrive.waiting.size();
    }
  }

  /** Orders that wait for their turn, oldest first. */
  private final class Line {
    private final Queue<Order> waiting = new ArrayDeque<>();
    private final AtomicInteger open = new AtomicInteger();

    private void beginNext(Assignment assignment) {
      while (open.get() < MAX_OPEN) {
        var next = waiting.poll();
        if (next == null) {
          return;
        }
        open.incrementAndGet();
        reading.execute(
            () ->
                begin(
                    next,
                    assignment,
                    () -> {
                      open.decrementAndGet();
                      assignment.finished(next.offset());
                    }));
      }
    }
  }
}
