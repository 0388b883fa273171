package io.tallyman.webhooks.delivery;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The right to deliver what came from one place, for as long as that place is ours. Releasing it
 * stops every delivery under it. Thread-safe; its own lock guards everything in it.
 */
public final class Claim {

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition idle = lock.newCondition();
  private final Set<Runnable> stops = new HashSet<>();
  private boolean isHeld = true;

  /** Whether it was not released yet. */
  public boolean isHeld() {
    lock.lock();
    try {
      return isHeld;
    } finally {
      lock.unlock();
    }
  }

  /** Ends it, and stops every delivery that runs under it. They end soon after. */
  public void release() {
    List<Runnable> running;
    lock.lock();
    try {
      isHeld = false;
      running = List.copyOf(stops);
    } finally {
      lock.unlock();
    }
    running.forEach(Runnable::run);
  }

  /** Waits until no delivery runs under it; false when some still do after that long. */
  public boolean awaitIdle(Duration atMost) throws InterruptedException {
    lock.lock();
    try {
      var left = atMost.toNanos();
      while (!stops.isEmpty() && left > 0) {
        left = idle.awaitNanos(left);
      }
      return stops.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  /** Registers a delivery that starts; false when the claim is released and it must not. */
  boolean enter(Runnable stop) {
    lock.lock();
    try {
      return isHeld && stops.add(stop);
    } finally {
      lock.unlock();
    }
  }

  /** Takes back {@link #enter}: the delivery has ended. */
  void leave(Runnable stop) {
    lock.lock();
    try {
      if (stops.remove(stop) && stops.isEmpty()) {
        idle.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }
}
