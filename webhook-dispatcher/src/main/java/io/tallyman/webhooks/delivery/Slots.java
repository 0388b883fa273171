package io.tallyman.webhooks.delivery;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.Executor;

/**
 * How many requests are in flight: at most so many in all, and so many to one target, so that a
 * target that hangs leaves room for the others. Targets with waiting requests take turns. A waiting
 * request holds no thread; how many may wait is bounded by {@link Backlog}.
 *
 * <p>Thread-safe; its own lock guards everything in it.
 */
final class Slots {

  private final int maxInFlight;
  private final int maxPerTarget;
  private final Executor executor;

  private final Map<String, Target> targets = new HashMap<>();

  /** Targets that have a waiting request and a free slot, in the order of their turns. */
  private final Queue<Target> ready = new ArrayDeque<>();

  private int inFlight;

  /**
   * Free slots.
   *
   * @param executor runs a request, on a thread of its own
   */
  Slots(int maxInFlight, int maxPerTarget, Executor executor) {
    this.maxInFlight = maxInFlight;
    this.maxPerTarget = maxPerTarget;
    this.executor = executor;
  }

  /** Runs a request as soon as there is a slot for it. */
  synchronized void submit(String target, Runnable request) {
    var its = targets.computeIfAbsent(target, Target::new);
    its.waiting.add(request);
    if (its.waiting.size() == 1 && its.inFlight < maxPerTarget) {
      ready.add(its);
    }
    startWaiting();
  }

  /** Requests in flight now. */
  synchronized int inFlight() {
    return inFlight;
  }

  private void startWaiting() {
    while (inFlight < maxInFlight && !ready.isEmpty()) {
      var target = ready.remove();
      var request = target.waiting.remove();
      inFlight++;
      target.inFlight++;
      if (!target.waiting.isEmpty() && target.inFlight < maxPerTarget) {
        ready.add(target);
      }
      executor.execute(
          () -> {
            try {
              request.run();
            } finally {
              release(target);
            }
          });
    }
  }

  private synchronized void release(Target target) {
    inFlight--;
    // Exactly at the bound it was not in its turn, though requests may wait.
    if (target.inFlight-- == maxPerTarget && !target.waiting.isEmpty()) {
      ready.add(target);
    }
    if (target.inFlight == 0 && target.waiting.isEmpty()) {
      targets.remove(target.name);
    }
    startWaiting();
  }

  private static final class Target {
    private final String name;
    private final Queue<Runnable> waiting = new ArrayDeque<>(1);
    private int inFlight;

    private Target(String name) {
      this.name = name;
    }
  }
}
