package io.tallyman.webhooks.delivery;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What was read from the log and is not terminal yet: queued, in flight or between two attempts.
 * When it is full, reading pauses until half of it is gone; nothing is ever dropped. Thread-safe.
 */
public final class Backlog {

  /** A delivery takes about 1 KB beside its body: 20 MB. */
  private static final int MAX_DELIVERIES = 20_000;

  /** Bodies. Outputs may be 20 MB each; one poll's records may go beyond it. */
  private static final long MAX_BYTES = 64L << 20;

  private final AtomicInteger deliveries = new AtomicInteger();
  private final AtomicLong bytes = new AtomicLong();

  /** One more. */
  public void add(int size) {
    deliveries.incrementAndGet();
    bytes.addAndGet(size);
  }

  /** One less. */
  public void remove(int size) {
    deliveries.decrementAndGet();
    bytes.addAndGet(-size);
  }

  /** How many there are. */
  public int deliveries() {
    return deliveries.get();
  }

  /** Whether reading must pause. */
  public boolean isFull() {
    return deliveries.get() >= MAX_DELIVERIES || bytes.get() >= MAX_BYTES;
  }

  /** Whether reading may go on. */
  public boolean isHalfEmpty() {
    return deliveries.get() <= MAX_DELIVERIES / 2 && bytes.get() <= MAX_BYTES / 2;
  }
}
