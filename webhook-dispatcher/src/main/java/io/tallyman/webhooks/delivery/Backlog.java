package io.tallyman.webhooks.delivery;

import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;

/**
 * What was read from the log and is not terminal yet: queued, in flight or between two attempts.
 * When it is full, reading pauses until half of it is gone; nothing is ever dropped. Thread-safe;
 * its own lock guards everything in it.
 */
public final class Backlog {

  /** A delivery takes about 1 KB beside its body: 20 MB. */
  private static final int MAX_DELIVERIES = 20_000;

  /** A twentieth: so many targets can be slow at once before reading pauses for all. */
  private static final int MAX_PER_TARGET = MAX_DELIVERIES / 20;

  /** Bodies. Outputs may be 20 MB each; one poll's records may go beyond it. */
  private static final long MAX_BYTES = 64L << 20;

  /** In the order in which they came. */
  private final LinkedHashSet<Ticket> tickets = new LinkedHashSet<>();

  private final Map<String, Integer> perTarget = new HashMap<>();
  private long bytes;

  /** One that waits: identity is all it is known by. */
  public static final class Ticket {
    private final String target;
    private final int size;
    private final long since;

    private Ticket(String target, int size, long since) {
      this.target = target;
      this.size = size;
      this.since = since;
    }
  }

  /**
   * One more.
   *
   * @param target scheme, host and port; empty when it goes to no receiver
   * @param size of the body, bytes
   */
  public synchronized Ticket add(String target, int size) {
    var ticket = new Ticket(target, size, System.nanoTime());
    tickets.add(ticket);
    perTarget.merge(target, 1, Integer::sum);
    bytes += size;
    return ticket;
  }

  /** One less. */
  public synchronized void remove(Ticket ticket) {
    if (tickets.remove(ticket)) {
      perTarget.computeIfPresent(ticket.target, (_, count) -> count == 1 ? null : count - 1);
      bytes -= ticket.size;
    }
  }

  /** How many there are. */
  public synchronized int deliveries() {
    return tickets.size();
  }

  /** How long the oldest has been here. */
  public synchronized Duration oldest() {
    return tickets.isEmpty()
        ? Duration.ZERO
        : Duration.ofNanos(System.nanoTime() - tickets.getFirst().since);
  }

  /** Whether the target has its share, and more of it would take that of others. */
  public synchronized boolean hasItsShare(String target) {
    return perTarget.getOrDefault(target, 0) >= MAX_PER_TARGET;
  }

  /** Whether reading must pause. */
  public synchronized boolean isFull() {
    return tickets.size() >= MAX_DELIVERIES || bytes >= MAX_BYTES;
  }

  /** Whether reading may go on. */
  public synchronized boolean isHalfEmpty() {
    return tickets.size() <= MAX_DELIVERIES / 2 && bytes <= MAX_BYTES / 2;
  }
}
