package io.tallyman.cli;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;

/**
 * What takes a while to start, on a thread of its own that does not keep the process alive.
 *
 * @param <T> what comes of it
 */
final class Starting<T> {

  private final FutureTask<T> start;
  private final Thread thread;

  Starting(String name, Supplier<T> start) {
    this.start = new FutureTask<>(start::get);
    this.thread = Thread.ofPlatform().daemon().name(name).start(this.start);
  }

  /** Its result; throws what the start threw. */
  T await() throws InterruptedException {
    try {
      return start.get();
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case RuntimeException failure -> throw failure;
        case Error failure -> throw failure;
        case null, default -> throw new IllegalStateException("Expected a start, but it failed", e);
      }
    }
  }

  /** Tells it to give up, and does not wait for that. */
  void giveUp() {
    thread.interrupt();
  }
}
