package io.tallyman.webhooks.kafka;

import io.tallyman.webhooks.delivery.Claim;
import io.tallyman.webhooks.delivery.Origin;
import io.tallyman.webhooks.delivery.PastAttempts;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A partition while it is ours. A later assignment of the same partition is another object, so that
 * what ends late under this one counts for nothing there. Belongs to the thread that polls, except
 * {@link #finished}.
 */
final class Assignment {

  private static final Logger LOG = LoggerFactory.getLogger(Assignment.class);

  private final Origin origin;
  private final OffsetTracker offsets;

  /** Done, and not yet told to the tracker. Bounded by the backlog. */
  private final Queue<Long> finished = new ConcurrentLinkedQueue<>();

  private @Nullable OffsetAndMetadata committed;

  private Assignment(
      OffsetTracker offsets, @Nullable OffsetAndMetadata committed, PastAttempts past) {
    this.offsets = offsets;
    this.origin = new Origin(new Claim(), past);
    this.committed = committed;
  }

  /** Goes on where the group stands, with what became of its deliveries before. */
  static Assignment of(
      TopicPartition partition, @Nullable OffsetAndMetadata committed, PastAttempts past) {
    if (committed == null) {
      return new Assignment(OffsetTracker.startingAt(0), null, past);
    }
    var offsets = OffsetTracker.restore(committed.offset(), committed.metadata());
    if (offsets.isEmpty()) {
      LOG.warn(
          "{}: the commit at {} has metadata that is not ours or damaged; some events above it may"
              + " be told twice",
          partition,
          committed.offset());
    }
    return new Assignment(
        offsets.orElseGet(() -> OffsetTracker.startingAt(committed.offset())), committed, past);
  }

  Claim claim() {
    return origin.claim();
  }

  Origin origin() {
    return origin;
  }

  OffsetTracker offsets() {
    return offsets;
  }

  /** An offset is done. From any thread. */
  void finished(long offset) {
    finished.add(offset);
  }

  /** A record has come that asks for nothing. */
  void skip(long offset) {
    if (offsets.begin(offset)) {
      offsets.finish(offset);
    }
  }

  /** What to commit; empty when that is committed already. */
  Optional<OffsetAndMetadata> uncommitted() {
    for (var offset = finished.poll(); offset != null; offset = finished.poll()) {
      offsets.finish(offset);
    }
    var now = new OffsetAndMetadata(offsets.watermark(), offsets.metadata());
    return now.offset() == 0 || now.equals(committed) ? Optional.empty() : Optional.of(now);
  }

  void committed(OffsetAndMetadata now) {
    committed = now;
  }
}
