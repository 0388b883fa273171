package io.tallyman.webhooks.kafka;

import io.tallyman.runtime.Service.Health;
import io.tallyman.schemas.Topics;
import io.tallyman.webhooks.delivery.Backlog;
import io.tallyman.webhooks.delivery.Deliverer;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
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

  /** For the commit before a partition goes, and for leaving the group. */
  private static final Duration COMMIT_PATIENCE = Duration.ofSeconds(1);

  /** For cancelled requests to end, so that what was just answered still counts. */
  private static final Duration STOP_PATIENCE = Duration.ofMillis(500);

  /** Polls or heartbeats older than this mean that something is wrong. */
  private static final Duration STALE = Duration.ofSeconds(10);

  private final Backlog backlog;
  private final Deliverer deliverer;
  private final Intake intake;
  private final Map<TopicPartition, Assignment> assignments = new HashMap<>();

  private boolean isPaused;
  private long lastCommit;

  private volatile long lastPoll = System.nanoTime();
  private volatile double secondsSinceHeartbeat = -1;

  /**
   * A loop that has not begun.
   *
   * @param backlog decides when to pause
   * @param deliverer whose numbers {@link #health} shows
   * @param intake takes the records
   */
  public EventLoop(Backlog backlog, Deliverer deliverer, Intake intake) {
    this.backlog = backlog;
    this.deliverer = deliverer;
    this.intake = intake;
  }

  /** How reading goes. */
  Health health() {
    var sincePoll = Duration.ofNanos(System.nanoTime() - lastPoll);
    var sinceHeartbeat = secondsSinceHeartbeat;
    var numbers =
        "%d deliveries pending, %d in flight".formatted(backlog.deliveries(), deliverer.inFlight());
    if (sincePoll.compareTo(STALE) > 0) {
      return Health.notReady(
          "kafka", "last poll %d s ago; %s".formatted(sincePoll.toSeconds(), numbers));
    }
    if (sinceHeartbeat < 0 || sinceHeartbeat > STALE.toSeconds()) {
      return Health.notReady("kafka", "not in its consumer group, still trying; " + numbers);
    }
    return Health.ready(
        "kafka", "polled %d ms ago; %s".formatted(Math.max(0, sincePoll.toMillis()), numbers));
  }

  /**
   * Reads until told to stop, then stops all deliveries, commits and closes the consumer.
   *
   * @throws KafkaException when the consumer cannot go on; it is closed
   */
  void run(Consumer<byte[], byte[]> consumer, BooleanSupplier isStopping) {
    secondsSinceHeartbeat = -1;
    isPaused = false;
    try {
      consumer.subscribe(List.of(Topics.EVENTS.name()), new Rebalance(consumer));
      while (!isStopping.getAsBoolean()) {
        lastPoll = System.nanoTime();
        hand(consumer.poll(POLL));
        pauseOrResume(consumer);
        if (System.nanoTime() - lastCommit > COMMIT_INTERVAL.toNanos()) {
          lastCommit = System.nanoTime();
          commitInBackground(consumer);
          secondsSinceHeartbeat = secondsSinceHeartbeat(consumer);
        }
      }
    } finally {
      assignments.values().forEach(assignment -> assignment.claim().release());
      // Closing revokes the partitions, and that commits.
      consumer.close(CloseOptions.timeout(COMMIT_PATIENCE));
      assignments.clear();
    }
  }

  private void hand(ConsumerRecords<byte[], byte[]> records) {
    for (var partition : records.partitions()) {
      var assignment = assignments.get(partition);
      if (assignment != null) {
        records.records(partition).forEach(record -> intake.take(record, assignment));
      }
    }
    // Beyond the last record too: a transaction ends with an offset that is no record.
    records
        .nextOffsets()
        .forEach(
            (partition, next) -> {
              var assignment = assignments.get(partition);
              if (assignment != null) {
                assignment.offsets().advance(next.offset());
              }
            });
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

  private void commitInBackground(Consumer<byte[], byte[]> consumer) {
    var offsets = uncommitted(assignments.keySet());
    if (offsets.isEmpty()) {
      return;
    }
    consumer.commitAsync(
        offsets,
        (_, failure) -> {
          if (failure == null) {
            markCommitted(offsets);
          } else {
            LOG.warn("commit failed, will try again in a second: {}", failure.toString());
          }
        });
  }

  private void commitNow(Consumer<byte[], byte[]> consumer, Collection<TopicPartition> partitions) {
    var offsets = uncommitted(partitions);
    if (offsets.isEmpty()) {
      return;
    }
    try {
      consumer.commitSync(offsets, COMMIT_PATIENCE);
      markCommitted(offsets);
    } catch (KafkaException e) {
      LOG.warn("commit failed; what was delivered in the last second is told again: {}", e, e);
    }
  }

  private Map<TopicPartition, OffsetAndMetadata> uncommitted(
      Collection<TopicPartition> partitions) {
    var offsets = new HashMap<TopicPartition, OffsetAndMetadata>();
    for (var partition : partitions) {
      var assignment = assignments.get(partition);
      if (assignment != null) {
        assignment.uncommitted().ifPresent(offset -> offsets.put(partition, offset));
      }
    }
    return offsets;
  }

  private void markCommitted(Map<TopicPartition, OffsetAndMetadata> offsets) {
    offsets.forEach(
        (partition, offset) -> {
          var assignment = assignments.get(partition);
          if (assignment != null) {
            assignment.committed(offset);
          }
        });
  }

  private static double secondsSinceHeartbeat(Consumer<byte[], byte[]> consumer) {
    for (var metric : consumer.metrics().entrySet()) {
      if (metric.getKey().name().equals("last-heartbeat-seconds-ago")
          && metric.getValue().metricValue() instanceof Number seconds) {
        return seconds.doubleValue();
      }
    }
    return -1;
  }

  /** Partitions come and go. Kafka calls it within {@code poll} and {@code close}. */
  private final class Rebalance implements ConsumerRebalanceListener {

    private final Consumer<byte[], byte[]> consumer;

    private Rebalance(Consumer<byte[], byte[]> consumer) {
      this.consumer = consumer;
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
      if (partitions.isEmpty()) {
        return;
      }
      var committed = consumer.committed(Set.copyOf(partitions));
      for (var partition : partitions) {
        var assignment = Assignment.of(partition, committed.get(partition));
        assignments.put(partition, assignment);
        LOG.info("{} is ours from offset {}", partition, assignment.offsets().watermark());
      }
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
      release(partitions);
      commitNow(consumer, partitions);
      partitions.forEach(assignments::remove);
    }

    /** Somebody else has them already: what we commit would be refused, or undo theirs. */
    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
      LOG.warn("lost {}: their open deliveries stop here and begin anew elsewhere", partitions);
      release(partitions);
      partitions.forEach(assignments::remove);
    }

    private void release(Collection<TopicPartition> partitions) {
      var released = partitions.stream().map(assignments::get).filter(Objects::nonNull).toList();
      released.forEach(assignment -> assignment.claim().release());
      var until = System.nanoTime() + STOP_PATIENCE.toNanos();
      try {
        for (var assignment : released) {
          assignment.claim().awaitIdle(Duration.ofNanos(until - System.nanoTime()));
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
