package io.tallyman.runner.attempt;

import java.util.concurrent.CompletableFuture;

/** Tells one running attempt to end now. Given once, never taken back. Thread-safe. */
public final class StopSignal {

  private final CompletableFuture<Void> requested = new CompletableFuture<>();

  /** Gives the signal; repeats change nothing. Never blocks. */
  public void request() {
    requested.complete(null);
  }

  /** Whether it was given. */
  public boolean isRequested() {
    return requested.isDone();
  }

  /**
   * What to do, on a thread of its own, when it is given; at once when it already was. The action
   * catches its own exceptions.
   */
  public void onRequest(Runnable action) {
    var _ = requested.thenRunAsync(action, Thread::startVirtualThread);
  }
}
