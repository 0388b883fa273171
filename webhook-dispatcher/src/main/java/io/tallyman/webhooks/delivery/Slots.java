package io.tallyman.webhooks.delivery;

import io.tallyman.schemas.job.EndpointName;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.Executor;

/**
 * How many requests are in flight: at most so many in all, so many to one target, so that a target
 * that hangs leaves room for the others, and so many of one endpoint, whose jobs may name a
 * thousand targets that hang. Targets with waiting requests take turns. A waiting request holds no
 * thread; how many may wait is bounded by {@link Backlog}.
 *
 * <p>Thread-safe; its own lock guards everything in it.
 */
final class Slots {

  private final Limits limits;
  private final Executor executor;

  private final Map<String, Target> targets = new HashMap<>();
  private final Map<EndpointName, Endpoint> endpoints = new HashMap<>();

  /** Targets that have a waiting request and a free slot, in the order of their turns. */
  private final Queue<Target> ready = new ArrayDeque<>();

  private int inFlight;

  /**
   * Requests at once.
   *
   * @param inAll over all targets and endpoints
   * @param perTarget to one target, whichever endpoints they are of
   * @param perEndpoint of one endpoint, whichever targets they go to
   */
  record Limits(int inAll, int perTarget, int perEndpoint) {}

  /**
   * Free slots.
   *
   * @param executor runs a request, on a thread of its own
   */
  Slots(Limits limits, Executor executor) {
    this.limits = limits;
    this.executor = executor;
  }

  /** Runs a request as soon as there is a slot for it. */
  synchronized void submit(EndpointName endpoint, String target, Runnable request) {
    var its = targets.computeIfAbsent(target, Target::new);
    its.waiting.add(
        new Waiting(endpoints.computeIfAbsent(endpoint, Endpoint::new).oneMore(), request));
    if (its.waiting.size() == 1 && its.inFlight < limits.perTarget()) {
      ready.add(its);
    }
    startWaiting();
  }

  /** Requests in flight now. */
  synchronized int inFlight() {
    return inFlight;
  }

  private void startWaiting() {
    while (inFlight < limits.inAll() && !ready.isEmpty()) {
      var target = ready.remove();
      var endpoint = target.waiting.element().endpoint();
      if (endpoint.inFlight >= limits.perEndpoint()) {
        endpoint.held.add(target);
      } else {
        start(target);
      }
    }
  }

  private void start(Target target) {
    var next = target.waiting.remove();
    inFlight++;
    target.inFlight++;
    next.endpoint().inFlight++;
    if (!target.waiting.isEmpty() && target.inFlight < limits.perTarget()) {
      ready.add(target);
    }
    executor.execute(
        () -> {
          try {
            next.request().run();
          } finally {
            release(target, next.endpoint());
          }
        });
  }

  private synchronized void release(Target target, Endpoint endpoint) {
    inFlight--;
    endpoint.inFlight--;
    if (--endpoint.requests == 0) {
      endpoints.remove(endpoint.name);
    }
    if (!endpoint.held.isEmpty()) {
      ready.add(endpoint.held.remove());
    }
    // Exactly at the bound it was not in its turn, though requests may wait.
    if (target.inFlight-- == limits.perTarget() && !target.waiting.isEmpty()) {
      ready.add(target);
    }
    if (target.inFlight == 0 && target.waiting.isEmpty()) {
      targets.remove(target.name);
    }
    startWaiting();
  }

  private record Waiting(Endpoint endpoint, Runnable request) {}

  private static final class Target {
    private final String name;
    private final Queue<Waiting> waiting = new ArrayDeque<>(1);
    private int inFlight;

    private Target(String name) {
      this.name = name;
    }
  }

  private static final class Endpoint {
    private final EndpointName name;

    /** Targets whose next request is of this endpoint, while it has no slot left. */
    private final Queue<Target> held = new ArrayDeque<>(1);

    private int inFlight;

    /** In flight and waiting. */
    private int requests;

    private Endpoint(EndpointName name) {
      this.name = name;
    }

    private Endpoint oneMore() {
      requests++;
      return this;
    }
  }
}
