package io.tallyman.webhooks.kafka;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The partitions of one consumer while they are ours, and the commits of what is done in them.
 * Belongs to the thread that polls.
 */
final class Assignments {

  private static final Logger LOG = LoggerFactory.getLogger(Assignments.class);

  /** For the commit before a partition goes, and for leaving the group. */
  static final Duration COMMIT_PATIENCE = Duration.ofSeconds(1);

  /** For cancelled requests to end, so that what was just answered still counts. */
  private static final Duration STOP_PATIENCE = Duration.ofMillis(500);

  private final Map<TopicPartition, Assignment> ours = new HashMap<>();

  /** The assignment of a partition; empty when it is not ours. */
  Optional<Assignment> of(TopicPartition partition) {
    return Optional.ofNullable(ours.get(partition));
  }

  /** Partitions that are ours. */
  List<TopicPartition> partitions() {
    return List.copyOf(ours.keySet());
  }

  void add(TopicPartition partition, Assignment assignment) {
    ours.put(partition, assignment);
  }

  void remove(Collection<TopicPartition> partitions) {
    partitions.forEach(ours::remove);
  }

  /** Stops every delivery from everywhere. */
  void releaseAll() {
    ours.values().forEach(assignment -> assignment.claim().release());
  }

  /** Stops every delivery from these partitions, and waits a moment for them to end. */
  void release(Collection<TopicPartition> partitions) {
    var released = partitions.stream().map(ours::get).filter(Objects::nonNull).toList();
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

  /** Commits what is done; a failure is told, and made good by the next commit. */
  void commitInBackground(Consumer<byte[], byte[]> consumer) {
    var offsets = uncommitted(ours.keySet());
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

  /** Commits what is done in these partitions, and waits for it a moment. */
  void commitNow(Consumer<byte[], byte[]> consumer, Collection<TopicPartition> partitions) {
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
      of(partition)
          .flatMap(Assignment::uncommitted)
          .ifPresent(offset -> offsets.put(partition, offset));
    }
    return offsets;
  }

  private void markCommitted(Map<TopicPartition, OffsetAndMetadata> offsets) {
    offsets.forEach(
        (partition, offset) -> of(partition).ifPresent(assignment -> assignment.committed(offset)));
  }
}
