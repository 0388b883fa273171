package io.tallyman.webhooks.kafka;

import io.tallyman.runtime.Service.Health;
import io.tallyman.schemas.Topics;
import io.tallyman.webhooks.delivery.Backlog;
import io.tallyman.webhooks.delivery.Deliverer;
import io.tallyman.webhooks.delivery.PastAttempts;
import io.tallyman.webhooks.delivery.Pulse;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.CloseOptions.GroupMembershipOperation;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Polls, hands events out, commits what is done. It never waits for a delivery: with too many of
 * them it pauses the partitions and goes on polling, so that the group keeps it.
 *
 * <p>Everything belongs to the one thread that polls, except {@link #health}.
 */
public final class EventLoop {

  private static final Logger LOG = LoggerFactory.getLogger(EventLoop.class);

  /** An idle poll; also how late a finished delivery may be seen. */
  private static final Duration POLL = Duration.ofMillis(100);

  /** A crash tells again what was delivered in this time. */
  private static final Duration COMMIT_INTERVAL = Duration.ofSeconds(1);

  /** Polls older than this mean that something is wrong. */
  private static final Duration STALE = Duration.ofSeconds(10);

  private final Backlog backlog;
  private final Deliverer deliverer;
  private final Intake intake;
  private final Redrive redrive;
  private final Pulse pulse;
  private final Assignments assignments = new Assignments();

  private volatile boolean isPaused;
  private volatile int spilling;
  private long lastCommit;

  private volatile long lastPoll = System.nanoTime();
  private volatile boolean isMember;

  /**
   * A loop that has not begun.
   *
   * @param backlog decides when to pause
   * @param deliverer whose numbers {@link #health} shows
   * @param intake takes the records
   * @param redrive is told of targets that answer again
   * @param pulse beats with what the group answers; its clock is {@code System::nanoTime}
   */
  public EventLoop(
      Backlog backlog, Deliverer deliverer, Intake intake, Redrive redrive, Pulse pulse) {
    this.backlog = backlog;
    this.deliverer = deliverer;
    this.intake = intake;
    this.redrive = redrive;
    this.pulse = pulse;
  }

  /** Whether reading waits for deliveries to end. */
  public boolean isPaused() {
    return isPaused;
  }

  /** Receivers whose events are put aside now. */
  public int spilling() {
    return spilling;
  }

  /** How reading goes. */
  Health health() {
    var sincePoll = Duration.ofNanos(System.nanoTime() - lastPoll);
    var numbers =
        "%d deliveries pending, %d in flight".formatted(backlog.deliveries(), deliverer.inFlight());
    if (sincePoll.compareTo(STALE) > 0) {
      return Health.notReady(
          "kafka", "last poll %d s ago; %s".formatted(sincePoll.toSeconds(), numbers));
    }
    if (!isMember || !pulse.isAlive()) {
      return Health.notReady(
          "kafka", "its consumer group does not answer, still trying; " + numbers);
    }
    return Health.ready(
        "kafka", "polled %d ms ago; %s".formatted(Math.max(0, sincePoll.toMillis()), numbers));
  }

  /**
   * Reads until told to stop, then stops all deliveries, commits and closes the consumer.
   *
   * @param overflow closed with it
   * @param redeliveries closed with it
   * @throws KafkaException when the consumer cannot go on; it is closed
   */
  void run(
      Consumer<byte[], byte[]> consumer,
      Overflow overflow,
      Redeliveries redeliveries,
      AttemptTail tail,
      BooleanSupplier isStopping) {
    isMember = false;
    isPaused = false;
    try {
      var heartbeats = heartbeats(consumer);
      consumer.subscribe(
          List.of(Topics.EVENTS.name()), new Rebalance(consumer, overflow, redeliveries, tail));
      while (!isStopping.getAsBoolean()) {
        var began = System.nanoTime();
        var answered = ((Number) heartbeats.metricValue()).doubleValue();
        lastPoll = began;
        var records = consumer.poll(POLL);
        pulse.polled(began, answered);
        isMember = answered > 0;
        hand(records, overflow);
        advance(consumer, overflow);
        overflow.drain();
        redeliveries.drain();
        spilling = overflow.targets();
        redrive();
        pauseOrResume(consumer);
        if (System.nanoTime() - lastCommit > COMMIT_INTERVAL.toNanos()) {
          lastCommit = System.nanoTime();
          assignments.commitInBackground(consumer);
          overflow.commitInBackground();
          redeliveries.commitInBackground();
        }
      }
    } finally {
      assignments.releaseAll();
      // Closing revokes the partitions, and that commits.
      // One with a name leaves too: whoever is left has its partitions at once.
      consumer.close(
          CloseOptions.timeout(Assignments.COMMIT_PATIENCE)
              .withGroupMembershipOperation(GroupMembershipOperation.LEAVE_GROUP));
      assignments.remove(assignments.partitions());
      overflow.close();
      redeliveries.close();
    }
  }

  private void hand(ConsumerRecords<byte[], byte[]> records, Overflow overflow) {
    for (var partition : records.partitions()) {
      beginAnewIfTheLogWas(partition, records.records(partition).getFirst().offset(), overflow);
      assignments
          .of(partition)
          .ifPresent(
              assignment ->
                  records
                      .records(partition)
                      .forEach(record -> intake.take(record, assignment, overflow)));
    }
  }

  /**
   * Beyond the last record too: a transaction ends with an offset that is no record, and an aborted
   * one is nothing else. All that was read is handed out.
   */
  private void advance(Consumer<byte[], byte[]> consumer, Overflow overflow) {
    for (var partition : assignments.partitions()) {
      // Known, or asking for the position would wait for the broker.
      if (consumer.currentLag(partition).isPresent()) {
        var next = consumer.position(partition);
        assignments.of(partition).ifPresent(assignment -> assignment.offsets().advance(next));
        overflow.handedOut(partition.partition(), next);
      }
    }
  }

  /**
   * Offsets that come a second time are those of another log under the same name: where the group
   * stood is beyond its end, so Kafka began it at the beginning.
   */
  private void beginAnewIfTheLogWas(TopicPartition partition, long offset, Overflow overflow) {
    if (assignments.of(partition).filter(it -> it.offsets().isPast(offset)).isPresent()) {
      LOG.warn(
          "{} was made anew: it is told from its beginning, and nothing of the old", partition);
      assignments.release(List.of(partition));
      assignments.add(partition, Assignment.of(partition, null, PastAttempts.none()));
      // What is put aside is of the old log: it follows nothing that is still to come.
      overflow.handedOut(partition.partition(), Long.MAX_VALUE);
    }
  }

  private void redrive() {
    for (var target = deliverer.pollRecovered();
        target.isPresent();
        target = deliverer.pollRecovered()) {
      redrive.recovered(target.get(), numbers(assignments.partitions()));
    }
  }

  private void pauseOrResume(Consumer<byte[], byte[]> consumer) {
    if (!isPaused && backlog.isFull()) {
      isPaused = true;
      LOG.warn("{} deliveries pending: reading pauses until half are done", backlog.deliveries());
    } else if (isPaused && backlog.isHalfEmpty()) {
      isPaused = false;
      consumer.resume(consumer.paused());
      LOG.info("reading goes on, {} deliveries pending", backlog.deliveries());
    }
    if (isPaused) {
      // Again and again: partitions that came since are not paused yet.
      consumer.pause(consumer.assignment());
    }
  }

  private static List<Integer> numbers(Collection<TopicPartition> partitions) {
    return partitions.stream().map(TopicPartition::partition).toList();
  }

  /** Counts those that were answered; whatever the answer was, the group is heard of. */
  private static Metric heartbeats(Consumer<byte[], byte[]> consumer) {
    return consumer.metrics().entrySet().stream()
        .filter(
            metric ->
                metric.getKey().group().equals("consumer-coordinator-metrics")
                    && metric.getKey().name().equals("heartbeat-total"))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("Expected the consumer to count heartbeats"))
        .getValue();
  }

  /** Partitions come and go. Kafka calls it within {@code poll} and {@code close}. */
  private final class Rebalance implements ConsumerRebalanceListener {

    private final Consumer<byte[], byte[]> consumer;
    private final Overflow overflow;
    private final Redeliveries redeliveries;
    private final AttemptTail tail;

    private Rebalance(
        Consumer<byte[], byte[]> consumer,
        Overflow overflow,
        Redeliveries redeliveries,
        AttemptTail tail) {
      this.consumer = consumer;
      this.overflow = overflow;
      this.redeliveries = redeliveries;
      this.tail = tail;
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
      if (partitions.isEmpty()) {
        return;
      }
      requireSideTopics(partitions);
      var committed = consumer.committed(Set.copyOf(partitions));
      var past = tail.read(open(partitions, committed));
      for (var partition : partitions) {
        var assignment = Assignment.of(partition, committed.get(partition), past);
        assignments.add(partition, assignment);
        LOG.info("{} is ours from offset {}", partition, assignment.offsets().watermark());
      }
      overflow.assign(numbers(partitions), past);
      redeliveries.assign(numbers(partitions));
      for (var partition : partitions) {
        assignments
            .of(partition)
            .ifPresent(it -> overflow.handedOut(partition.partition(), it.offsets().watermark()));
      }
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
      assignments.release(partitions);
      // In this order: an event that was put aside, and is not done in the log, comes twice.
      overflow.release(numbers(partitions), false);
      redeliveries.release(numbers(partitions), false);
      assignments.commitNow(consumer, partitions);
      assignments.remove(partitions);
    }

    /** Somebody else has them already: what we commit would be refused, or undo theirs. */
    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
      LOG.warn("lost {}: their open deliveries stop here and begin anew elsewhere", partitions);
      assignments.release(partitions);
      overflow.release(numbers(partitions), true);
      redeliveries.release(numbers(partitions), true);
      assignments.remove(partitions);
    }

    /** The log may have got more partitions while it was read. */
    private void requireSideTopics(Collection<TopicPartition> partitions) {
      var known = SideTopics.partitions(consumer);
      if (partitions.stream().anyMatch(it -> it.partition() >= known)) {
        throw new IllegalStateException(
            "Expected %d partitions as before, but got %s".formatted(known, partitions));
      }
    }

    /** Those in which deliveries may have begun that are not done. */
    private List<Integer> open(
        Collection<TopicPartition> partitions, Map<TopicPartition, OffsetAndMetadata> committed) {
      var ends = consumer.endOffsets(partitions);
      return partitions.stream()
          .filter(
              it -> {
                var offset = committed.get(it);
                return (offset == null ? 0 : offset.offset()) < ends.getOrDefault(it, 0L)
                    || !overflow.isEmpty(it.partition());
              })
          .map(TopicPartition::partition)
          .toList();
    }
  }
}
