package io.tallyman.webhooks.delivery;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Order within a key, independence between keys: a task starts when the task submitted before it
 * under the same key has ended, in whatever way. A waiting task holds no thread. How many may wait
 * is bounded by {@link Backlog}.
 *
 * <p>Thread-safe; its own lock guards the lanes.
 */
final class KeyLanes<K> {

  private final Executor executor;

  /** A key is here exactly while a task of it runs; its queue holds those behind it. */
  private final Map<K, Queue<Supplier<CompletionStage<Void>>>> waiting = new HashMap<>();

  /**
   * Empty lanes.
   *
   * @param executor starts the tasks; it must not run them on the caller's thread
   */
  KeyLanes(Executor executor) {
    this.executor = executor;
  }

  /**
   * Starts the task in its turn.
   *
   * @param task begins something and returns its end; failing, or throwing, ends it as well
   */
  void submit(K key, Supplier<CompletionStage<Void>> task) {
    synchronized (this) {
      var lane = waiting.get(key);
      if (lane != null) {
        lane.add(task);
        return;
      }
      waiting.put(key, new ArrayDeque<>(1));
    }
    start(key, task);
  }

  /** Whether a task waits behind the one that runs. */
  synchronized boolean hasWaiting(K key) {
    var lane = waiting.get(key);
    return lane != null && !lane.isEmpty();
  }

  /** Keys of which a task runs. */
  synchronized int size() {
    return waiting.size();
  }

  private void start(K key, Supplier<CompletionStage<Void>> task) {
    var _ =
        CompletableFuture.supplyAsync(task, executor)
            .thenCompose(Function.identity())
            .whenComplete((_, _) -> startNext(key));
  }

  private void startNext(K key) {
    Supplier<CompletionStage<Void>> next;
    synchronized (this) {
      var lane = waiting.get(key);
      next = lane == null ? null : lane.poll();
      if (next == null) {
        waiting.remove(key);
        return;
      }
    }
    start(key, next);
  }
}
