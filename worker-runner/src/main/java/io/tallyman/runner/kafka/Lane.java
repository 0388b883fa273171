package io.tallyman.runner.kafka;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A priority of dispatches, and whose turn it is: the low lane polls only while the normal lane's
 * last poll came back empty.
 */
interface Lane {

  /** For the log. */
  String name();

  /** Waits for the turn; false when it has not come in time. */
  boolean awaitTurn(Duration patience) throws InterruptedException;

  /** What a poll brought. */
  void polled(boolean isEmpty);

  /** The normal lane, then the low lane that yields to it. */
  static Pair pair() {
    var idle = new Idle();
    return new Pair(new Normal(idle), new Low(idle));
  }

  /** The two lanes of a runner. */
  record Pair(Lane normal, Lane low) {}

  /** Whether the normal lane has nothing to do. */
  final class Idle {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private boolean isIdle;

    private void set(boolean idle) {
      lock.lock();
      try {
        if (isIdle != idle) {
          isIdle = idle;
          changed.signalAll();
        }
      } finally {
        lock.unlock();
      }
    }

    private boolean await(Duration patience) throws InterruptedException {
      var left = patience.toNanos();
      lock.lockInterruptibly();
      try {
        while (!isIdle && left > 0) {
          left = changed.awaitNanos(left);
        }
        return isIdle;
      } finally {
        lock.unlock();
      }
    }
  }

  /** Always has its turn. */
  record Normal(Idle idle) implements Lane {
    @Override
    public String name() {
      return "normal";
    }

    @Override
    public boolean awaitTurn(Duration patience) {
      return true;
    }

    @Override
    public void polled(boolean isEmpty) {
      idle.set(isEmpty);
    }
  }

  /** Yields to the normal lane. */
  record Low(Idle idle) implements Lane {
    @Override
    public String name() {
      return "low-priority";
    }

    @Override
    public boolean awaitTurn(Duration patience) throws InterruptedException {
      return idle.await(patience);
    }

    @Override
    public void polled(boolean isEmpty) {
      // Nobody comes after it.
    }
  }
}
