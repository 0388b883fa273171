package io.tallyman.webhooks.kafka;

import io.tallyman.schemas.job.JobEvent;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One partition of {@code webhook-overflow}: which targets are held on it, and what was read from
 * it and not taken back. Belongs to the thread that polls, except {@link #written} and {@link
 * #ended}.
 */
final class OverflowPart {

  private static final Logger LOG = LoggerFactory.getLogger(OverflowPart.class);

  private final Map<String, Held> held = new HashMap<>();

  /** Durable, and not yet told to {@code held}. */
  private final Queue<Written> written = new ConcurrentLinkedQueue<>();

  /** Targets of what is done, and not yet told to {@code held}. */
  private final Queue<String> ended = new ConcurrentLinkedQueue<>();

  /** Read, and not taken back; while there is one, no more is fetched. */
  private final Queue<Waiting> waiting = new ArrayDeque<>();

  /** Everything before this offset was taken back. */
  private long taken;

  /** Everything before this offset of the event log was handed out. */
  private long handedOut;

  /**
   * An event that was read.
   *
   * @param offset here
   * @param source offset in the event log; -1 when the record does not say, and need not wait
   * @param event empty when it cannot be read
   */
  record Waiting(long offset, long source, Optional<JobEvent> event) {}

  /** Nothing held, everything before this offset done. */
  OverflowPart(long start) {
    this.taken = start;
  }

  /** Targets that are held. */
  int targets() {
    return held.size();
  }

  /** An event was read. */
  void add(Waiting event) {
    waiting.add(event);
  }

  /** The first that was read and not taken back. */
  Optional<Waiting> next() {
    return Optional.ofNullable(waiting.peek());
  }

  /** The first is taken back. */
  void taken(Waiting first) {
    waiting.remove();
    takenUpTo(first.offset() + 1);
  }

  /** Everything before this offset of the event log was handed out. */
  void handedOut(long offset) {
    handedOut = Math.max(handedOut, offset);
  }

  /** Whether everything up to this offset of the event log was handed out. */
  boolean wasHandedOut(long source) {
    return source < handedOut;
  }

  /**
   * Whether an event must be put aside.
   *
   * @param source its offset in the event log
   * @param isCrowded whether its target has no room
   */
  boolean takes(long source, String target, boolean isCrowded) {
    var its = held.get(target);
    return its == null ? isCrowded : its.isWaiting(taken) && source > its.first;
  }

  /** An event is on its way here; true when it is the first of its target. */
  boolean begin(String target, long source) {
    var isFirst = !held.containsKey(target);
    held.computeIfAbsent(target, _ -> new Held(source)).writing++;
    return isFirst;
  }

  /** An event is durable at this offset. From any thread. */
  void written(String target, long offset) {
    written.add(new Written(target, offset));
  }

  /** An event was found here that an earlier owner has put aside. */
  void restore(String target, long offset, long source) {
    held.computeIfAbsent(target, _ -> new Held(source)).last = offset;
  }

  /** An event of this target was taken back, to be told. */
  void open(String target) {
    var its = held.get(target);
    if (its != null) {
      its.open++;
    }
  }

  /** One that was taken back is done. From any thread. */
  void ended(String target) {
    ended.add(target);
  }

  /** Everything before this offset was taken back. */
  void takenUpTo(long offset) {
    taken = Math.max(taken, offset);
  }

  /** Forgets the targets of which nothing is left. */
  void settle() {
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

  private record Written(String target, long offset) {}

  /** One target, until nothing of it is left. */
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
}
