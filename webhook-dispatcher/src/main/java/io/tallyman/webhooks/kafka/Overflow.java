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
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
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

  private final Consumer<byte[], byte[]> consumer;
  private final WebhookTopics topics;
  private final Deliverer deliverer;
  private final Backlog backlog;
  private final Assignments assignments = new Assignments();
  private final Map<Integer, Part> parts = new HashMap<>();
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
      assignments.add(partition, Assignment.of(partition, committed.get(partition), past));
      parts.put(partition.partition(), new Part());
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
      part.handedOut = Math.max(part.handedOut, offset);
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
    if (part == null) {
      return false;
    }
    var its = part.held.get(target);
    return its == null ? isCrowded : its.isWaiting(part.taken) && offset > its.first;
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
                part.written.add(new Written(target, offset));
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
        part.waiting.add(record);
      }
    }
    parts.forEach(
        (number, part) -> {
          part.settle();
          takeBack(number, part);
          var partition = List.of(partition(number));
          if (part.waiting.isEmpty()) {
            consumer.resume(partition);
          } else {
            consumer.pause(partition);
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

  private void takeBack(int number, Part part) {
    var assignment = assignments.of(partition(number)).orElseThrow();
    for (var record = part.waiting.peek();
        record != null && !backlog.isFull();
        record = part.waiting.peek()) {
      if (!take(record, assignment, part)) {
        return;
      }
      part.waiting.remove();
      part.taken = record.offset() + 1;
    }
    if (part.waiting.isEmpty()) {
      part.taken = Math.max(part.taken, consumer.position(partition(number)));
    }
  }

  /** False when its receiver has no room yet. */
  private boolean take(ConsumerRecord<byte[], byte[]> record, Assignment assignment, Part part) {
    if (source(record) >= part.handedOut) {
      return false;
    }
    JobEvent event;
    try {
      event = Records.event(record);
    } catch (MalformedMessage | RuntimeException e) { // The edge of a loop over records.
      LOG.error("{}-{}@{} is no event", record.topic(), record.partition(), record.offset(), e);
      assignment.skip(record.offset());
      return true;
    }
    var receiver = event.meta().webhook().orElse(null);
    if (receiver == null) {
      assignment.skip(record.offset());
      return true;
    }
    var isExpired = deliverer.isExpired(event);
    if (!isExpired && deliverer.isCrowded(receiver)) {
      return false;
    }
    if (!assignment.offsets().begin(record.offset())) {
      return true;
    }
    var target = Deliverer.targetOf(receiver);
    part.open(target);
    Runnable whenDone =
        () -> {
          assignment.finished(record.offset());
          part.ended.add(target);
        };
    var logged = new LoggedEvent(event, new EventPosition(record.partition(), source(record)));
    if (isExpired) {
      deliverer.expire(logged, receiver, assignment.origin(), whenDone);
    } else {
      deliverer.tell(logged, receiver, assignment.origin(), whenDone);
    }
    return true;
  }

  /** Reads which targets are on it, from where the group stands to its end. */
  private void scan(TopicPartition partition, long end) {
    var part = Objects.requireNonNull(parts.get(partition.partition()));
    var start = assignments.of(partition).orElseThrow().offsets().watermark();
    part.taken = start;
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
        part.held.size(),
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
    targets = parts.values().stream().mapToInt(part -> part.held.size()).sum();
  }

  private static TopicPartition partition(int number) {
    return new TopicPartition(Topics.WEBHOOK_OVERFLOW.name(), number);
  }

  private record Written(String target, long offset) {}

  /** One target on one partition, until nothing of it is left. */
  private static final class Held {

    /** In the event log, of the first that was put aside. */
    private final long first;

    /** Not durable yet. */
    private int writing;

    /** Offset of the last one that is durable. */
    private long last = -1;

    /** Taken back, and not done. */
    private int open;

    private Held(long first) {
      this.first = first;
    }

    /** Whether some of it was not taken back. */
    private boolean isWaiting(long taken) {
      return writing > 0 || last >= taken;
    }
  }

  /** One partition. */
  private static final class Part {
    private final Map<String, Held> held = new HashMap<>();

    /** Durable, and not yet told to {@code held}. */
    private final Queue<Written> written = new ConcurrentLinkedQueue<>();

    /** Targets of what is done, and not yet told to {@code held}. */
    private final Queue<String> ended = new ConcurrentLinkedQueue<>();

    /** Read, and not taken back; while there is one, no more is fetched. */
    private final Queue<ConsumerRecord<byte[], byte[]>> waiting = new ArrayDeque<>();

    /** Everything before this offset was taken back. */
    private long taken;

    /** Everything before this offset of the event log was handed out. */
    private long handedOut;

    /** True when it is the first of its target. */
    private boolean begin(String target, long source) {
      var isFirst = !held.containsKey(target);
      held.computeIfAbsent(target, _ -> new Held(source)).writing++;
      return isFirst;
    }

    private void restore(String target, long offset, long source) {
      held.computeIfAbsent(target, _ -> new Held(source)).last = offset;
    }

    private void open(String target) {
      var its = held.get(target);
      if (its != null) {
        its.open++;
      }
    }

    /** Forgets the targets of which nothing is left. */
    private void settle() {
      for (var one = written.poll(); one != null; one = written.poll()) {
        var its = held.get(one.target());
        if (its != null) {
          its.writing--;
          its.last = Math.max(its.last, one.offset());
        }
      }
      for (var target = ended.poll(); target != null; target = ended.poll()) {
        var its = held.get(target);
        if (its != null) {
          its.open--;
        }
      }
      held.entrySet()
          .removeIf(
              entry -> {
                var isDone = entry.getValue().open == 0 && !entry.getValue().isWaiting(taken);
                if (isDone) {
                  LOG.info("{} has caught up", entry.getKey());
                }
                return isDone;
              });
    }
  }
}
