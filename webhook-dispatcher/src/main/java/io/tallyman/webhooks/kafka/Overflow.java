package io.tallyman.webhooks.kafka;

import io.tallyman.schemas.Topics;
import io.tallyman.schemas.job.EventPosition;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.json.MalformedMessage;
import io.tallyman.schemas.kafka.Records;
import io.tallyman.webhooks.delivery.Backlog;
import io.tallyman.webhooks.delivery.Deliverer;
import io.tallyman.webhooks.delivery.LoggedEvent;
import io.tallyman.webhooks.delivery.PastAttempts;
import io.tallyman.webhooks.kafka.OverflowPart.Waiting;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Events whose receiver is alive and too slow: put aside on {@code webhook-overflow}, so that their
 * offsets in the event log are done and nobody else waits, and taken back at the receiver's pace.
 *
 * <p>Order is kept by three rules. Once an event of a target is put aside, so are all that follow,
 * until the last of them was taken back. None is taken back before all that precede it in the event
 * log were handed out, which matters after a start. And none is put aside while one that was taken
 * back is not done: so what is open in the event log precedes all that is put aside, or follows it.
 * Which targets are held is read back from the topic when a partition becomes ours; its partitions
 * are those of the event log, so whoever has one has the other. Belongs to the thread that polls.
 */
final class Overflow implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Overflow.class);

  /** Header of a record: scheme, host and port of its receiver. */
  static final String TARGET = "tallyman-target";

  /** Header of a record: its offset in the event log. */
  static final String OFFSET = "tallyman-offset";

  private static final Duration POLL = Duration.ofMillis(100);

  /**
   * Taken back in a second at the most. A receiver whose circuit opens has room for all that waits
   * for it, and all of it at once would hold up the events of everybody else.
   */
  private static final int MAX_PER_SECOND = 1_000;

  private final Consumer<byte[], byte[]> consumer;
  private final WebhookTopics topics;
  private final Deliverer deliverer;
  private final Backlog backlog;
  private final Assignments assignments = new Assignments();
  private final Map<Integer, OverflowPart> parts = new HashMap<>();
  private final Pace pace = new Pace(System::nanoTime, MAX_PER_SECOND, POLL);
  private volatile int targets;

  /**
   * Nothing put aside.
   *
   * @param consumer with a group for its commits; partitions are assigned by hand
   */
  Overflow(
      Consumer<byte[], byte[]> consumer,
      WebhookTopics topics,
      Deliverer deliverer,
      Backlog backlog) {
    this.consumer = consumer;
    this.topics = topics;
    this.deliverer = deliverer;
    this.backlog = backlog;
  }

  /** Targets whose events are put aside now. From any thread. */
  int targets() {
    return targets;
  }

  /** Partitions of the event log are ours now, and with them these here. */
  void assign(Collection<Integer> numbers, PastAttempts past) {
    var fresh = numbers.stream().map(Overflow::partition).toList();
    var committed = consumer.committed(Set.copyOf(fresh));
    for (var partition : fresh) {
      var assignment = Assignment.of(partition, committed.get(partition), past);
      assignments.add(partition, assignment);
      parts.put(partition.partition(), new OverflowPart(assignment.offsets().watermark()));
    }
    consumer.assign(assignments.partitions());
    var ends = consumer.endOffsets(fresh);
    for (var partition : fresh) {
      scan(partition, ends.getOrDefault(partition, 0L));
    }
    count();
  }

  /** Whether the partition has anything that is not done. */
  boolean isEmpty(int number) {
    var partition = partition(number);
    var committed = consumer.committed(Set.of(partition)).get(partition);
    var end = consumer.endOffsets(Set.of(partition)).getOrDefault(partition, 0L);
    return (committed == null ? 0 : committed.offset()) >= end;
  }

  /** Partitions of the event log go: stops their deliveries, and commits unless they are lost. */
  void release(Collection<Integer> numbers, boolean areLost) {
    var gone = numbers.stream().map(Overflow::partition).toList();
    assignments.release(gone);
    if (!areLost) {
      assignments.commitNow(consumer, gone);
    }
    assignments.remove(gone);
    numbers.forEach(parts::remove);
    consumer.assign(assignments.partitions());
    count();
  }

  /** Everything before this offset of the event log was handed out. */
  void handedOut(int number, long offset) {
    var part = parts.get(number);
    if (part != null) {
      part.handedOut(offset);
    }
  }

  /**
   * Whether an event must be put aside.
   *
   * @param offset in the event log
   * @param isCrowded whether its target has no room
   */
  boolean takes(int number, long offset, String target, boolean isCrowded) {
    var part = parts.get(number);
    return part != null && part.takes(offset, target, isCrowded);
  }

  /**
   * Puts an event aside.
   *
   * @param record of the event log
   * @param whenDurable runs, on another thread, when the event log need not keep it open any more
   */
  void put(ConsumerRecord<byte[], byte[]> record, String target, Runnable whenDurable) {
    var part = Objects.requireNonNull(parts.get(record.partition()));
    if (part.begin(target, record.offset())) {
      LOG.warn(
          "{} takes less than it is sent: its events wait on topic webhook-overflow, in order",
          target);
      count();
    }
    var ticket = backlog.add("", Math.max(0, record.serializedValueSize()));
    topics
        .spill(record, target)
        .whenComplete(
            (offset, failure) -> {
              backlog.remove(ticket);
              if (failure == null) {
                part.written(target, offset);
                whenDurable.run();
              }
              // Else it stays open, and the next start reads it from the event log.
            });
  }

  /** Takes back what receivers have room for. */
  void drain() {
    if (assignments.partitions().isEmpty()) {
      return;
    }
    for (var record : consumer.poll(Duration.ZERO)) {
      var part = parts.get(record.partition());
      if (part != null) {
        part.add(new Waiting(record.offset(), source(record), event(record)));
      }
    }
    parts.values().forEach(OverflowPart::settle);
    takeBack();
    parts.forEach(
        (number, part) -> {
          var partition = partition(number);
          if (part.next().isPresent()) {
            consumer.pause(List.of(partition));
          } else {
            part.takenUpTo(consumer.position(partition));
            consumer.resume(List.of(partition));
          }
        });
    count();
  }

  void commitInBackground() {
    assignments.commitInBackground(consumer);
  }

  /** Stops its deliveries, commits and closes the consumer. */
  @Override
  public void close() {
    assignments.releaseAll();
    assignments.release(assignments.partitions());
    assignments.commitNow(consumer, assignments.partitions());
    consumer.close(
        org.apache.kafka.clients.consumer.CloseOptions.timeout(Assignments.COMMIT_PATIENCE));
  }

  /** One of each partition in turn, so that none waits for another. */
  private void takeBack() {
    boolean isAnyTaken;
    do {
      isAnyTaken = false;
      for (var entry : parts.entrySet()) {
        isAnyTaken |= takeNext(entry.getKey(), entry.getValue());
      }
    } while (isAnyTaken);
  }

  /** False when there is none, its receiver has no room yet, or its turn has not come. */
  private boolean takeNext(int number, OverflowPart part) {
    var next = part.next().orElse(null);
    if (next == null || !part.wasHandedOut(next.source()) || backlog.isFull()) {
      return false;
    }
    var assignment = assignments.of(partition(number)).orElseThrow();
    var event = next.event().orElse(null);
    var receiver = event == null ? null : event.meta().webhook().orElse(null);
    if (event == null || receiver == null) {
      assignment.skip(next.offset());
      part.taken(next);
      return true;
    }
    var isExpired = deliverer.isExpired(event);
    if ((!isExpired && deliverer.isCrowded(receiver)) || !pace.takeTurn()) {
      return false;
    }
    part.taken(next);
    if (!assignment.offsets().begin(next.offset())) {
      return true;
    }
    var target = Deliverer.targetOf(receiver);
    part.open(target);
    Runnable whenDone =
        () -> {
          assignment.finished(next.offset());
          part.ended(target);
        };
    var logged = new LoggedEvent(event, new EventPosition(number, next.source()));
    if (isExpired) {
      deliverer.expire(logged, receiver, assignment.origin(), whenDone);
    } else {
      deliverer.tell(logged, receiver, assignment.origin(), whenDone);
    }
    return true;
  }

  private static Optional<JobEvent> event(ConsumerRecord<byte[], byte[]> record) {
    try {
      return Optional.of(Records.event(record));
    } catch (MalformedMessage | RuntimeException e) { // The edge of a loop over records.
      LOG.error("{}-{}@{} is no event", record.topic(), record.partition(), record.offset(), e);
      return Optional.empty();
    }
  }

  /** Reads which targets are on it, from where the group stands to its end. */
  private void scan(TopicPartition partition, long end) {
    var part = Objects.requireNonNull(parts.get(partition.partition()));
    var start = assignments.of(partition).orElseThrow().offsets().watermark();
    consumer.seek(partition, start);
    if (start >= end) {
      return;
    }
    var others = assignments.partitions().stream().filter(it -> !it.equals(partition)).toList();
    consumer.pause(others);
    while (consumer.position(partition) < end) {
      for (var record : consumer.poll(POLL)) {
        var target = Records.text(record.headers(), TARGET);
        if (target != null) {
          part.restore(target, record.offset(), source(record));
        }
      }
    }
    LOG.info(
        "{} holds events of {} receivers, from offset {} to {}",
        partition,
        part.targets(),
        start,
        end);
    consumer.resume(others);
    consumer.seek(partition, start);
  }

  /** Where the record was in the event log; -1 when it does not say, and need not wait. */
  private static long source(ConsumerRecord<byte[], byte[]> record) {
    var text = Records.text(record.headers(), OFFSET);
    try {
      return text == null ? -1 : Long.parseLong(text);
    } catch (NumberFormatException e) {
      return -1;
    }
  }

  private void count() {
    targets = parts.values().stream().mapToInt(OverflowPart::targets).sum();
  }

  private static TopicPartition partition(int number) {
    return new TopicPartition(Topics.WEBHOOK_OVERFLOW.name(), number);
  }
}
