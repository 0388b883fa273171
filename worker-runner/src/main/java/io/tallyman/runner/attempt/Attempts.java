package io.tallyman.runner.attempt;

import io.tallyman.runtime.Service.Health;
import io.tallyman.runtime.endpoints.Endpoint;
import io.tallyman.runtime.endpoints.Endpoints;
import io.tallyman.schemas.job.Dispatch;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.RawJson;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The attempts that this runner holds, at most one per slot. One is taken (it waits for the
 * state-processor's word), then runs on a virtual thread of its own, and is gone when its report is
 * durable. Thread-safe: {@code lock} guards the book and the flags; nothing slow happens under it.
 */
public final class Attempts implements AutoCloseable {

  /**
   * An attempt runs this much past its deadline before it is killed here. The state-processor ends
   * it at the deadline; this is for when its order does not arrive.
   */
  static final Duration GRACE = Duration.ofSeconds(2);

  /** A Start is answered within milliseconds. After this long the answer is taken for lost. */
  private static final Duration ANSWER_PATIENCE = Duration.ofSeconds(10);

  /** Time for containers to die when the runner stops; it must stop within 4 s in all. */
  private static final Duration CLOSE_PATIENCE = Duration.ofMillis(2_200);

  private static final String RUNNER_STOPPED = "runner_stopped: the runner is shutting down";

  private static final Logger LOG = LoggerFactory.getLogger(Attempts.class);

  private final Endpoints endpoints;
  private final AttemptRuntime runtime;
  private final Reports reports;
  private final int slots;
  private final ScheduledThreadPoolExecutor timers;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Map<AttemptId, Held> book = new HashMap<>();
  private boolean isReady;
  private boolean isClosing;
  private volatile boolean isReaped;

  /**
   * @param slots how many attempts it holds at once
   */
  public Attempts(Endpoints endpoints, AttemptRuntime runtime, Reports reports, int slots) {
    this.endpoints = endpoints;
    this.runtime = runtime;
    this.reports = reports;
    this.slots = slots;
    this.timers =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().name("attempt-timer").daemon().factory());
    timers.setRemoveOnCancelPolicy(true);
  }

  /** What became of a dispatch that was offered. */
  public enum Offer {
    /** It has a slot now, and waits for {@link #run} or {@link #stop}. */
    TAKEN,
    /** The same attempt was here already; there is nothing to do. */
    KNOWN,
    /** No slot is free, or this runner is not the one for it. Somebody else should have it. */
    REFUSED
  }

  /**
   * Waits until this many slots are free and the runtime can run something.
   *
   * @throws InterruptedException when told to stop waiting
   */
  public void awaitFree(int wanted) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (!isReady || isClosing || slots - book.size() < wanted) {
        changed.await();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Takes a dispatched attempt, if there is room. */
  public Offer offer(Dispatch dispatch) {
    var id = new AttemptId(dispatch.jobId(), dispatch.attempt());
    var endpoint = endpoints.named(dispatch.endpoint());
    lock.lock();
    try {
      if (book.containsKey(id)) {
        return Offer.KNOWN;
      }
      if (isClosing || book.size() >= slots || endpoint.isEmpty()) {
        return Offer.REFUSED;
      }
      book.put(id, new Held(endpoint.get(), dispatch.input()));
      return Offer.TAKEN;
    } finally {
      lock.unlock();
    }
  }

  /** Forgets an attempt that was taken and does not run: its Start did not become durable. */
  public void withdraw(AttemptId id) {
    lock.lock();
    try {
      var held = book.get(id);
      if (held != null && !held.isRunning) {
        forget(id);
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * The state-processor's word: run it.
   *
   * @param deadline by the broker's clock
   * @param timeLeft until the deadline, as it was when the order was written
   */
  public void run(AttemptId id, Instant deadline, Duration timeLeft) {
    lock.lock();
    try {
      var held = book.get(id);
      if (held == null) {
        // An earlier process of this runner asked, or the answer came too late. Whoever has the
        // order must give it back, or the job would wait for its time limit.
        LOG.warn("{}: told to run it, but it is not here; handing it back", id);
        reports.release(id, "runner_restarted: the runner no longer has this attempt");
      } else if (!held.isRunning && !isClosing) {
        held.isRunning = true;
        var attempt = new Attempt(id, held.endpoint, held.input, deadline);
        Thread.ofVirtual().name(id.containerName()).start(() -> live(held, attempt, timeLeft));
      }
    } finally {
      lock.unlock();
    }
  }

  /** The state-processor's word: do not run it, or stop it. */
  public void stop(AttemptId id, String reason) {
    lock.lock();
    try {
      var held = book.get(id);
      if (held == null) {
        return;
      }
      LOG.info("{}: stopping: {}", id, reason);
      if (held.isRunning) {
        held.stop.request();
      } else {
        forget(id);
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * To be called every few seconds: looks after the runtime, and asks again about attempts whose
   * Start was never answered.
   *
   * @return how the runtime is
   */
  public Health tick() {
    var health = runtime.health();
    if (health.isReady() && !isReaped) {
      runtime.reap().forEach(id -> reports.release(id, "runner_restarted: the runner was gone"));
      isReaped = true;
    }
    var unanswered = new ArrayList<AttemptId>();
    lock.lock();
    try {
      if (isReady != health.isReady()) {
        LOG.info("runtime {} {}: {}", runtime.name(), ready(health), health.detail());
        isReady = health.isReady();
        changed.signalAll();
      }
      book.forEach(
          (id, held) -> {
            if (!held.isRunning && held.isUnansweredFor(ANSWER_PATIENCE)) {
              held.askedAt = System.nanoTime();
              unanswered.add(id);
            }
          });
    } finally {
      lock.unlock();
    }
    for (var id : unanswered) {
      LOG.warn(
          "{}: no answer to its Start for {} s; asking again", id, ANSWER_PATIENCE.toSeconds());
      reports.startAgain(id);
    }
    return health;
  }

  /** How many attempts run now, per endpoint that is served. */
  public Map<EndpointName, Integer> running() {
    var running = new TreeMap<EndpointName, Integer>(Comparator.comparing(EndpointName::value));
    endpoints.names().forEach(name -> running.put(name, 0));
    lock.lock();
    try {
      for (var held : book.values()) {
        if (held.isRunning) {
          running.merge(held.endpoint.name(), 1, Integer::sum);
        }
      }
    } finally {
      lock.unlock();
    }
    return running;
  }

  /** How many attempts it holds at once. */
  public int slots() {
    return slots;
  }

  /** Kills what runs, and hands back every attempt that is held. */
  @Override
  public void close() {
    for (var id : stopAll()) {
      LOG.warn("{}: still ending when the runner stopped; handing it back now", id);
      reports.release(id, RUNNER_STOPPED);
    }
    timers.shutdownNow();
  }

  /** Returns what has not ended in time. */
  private List<AttemptId> stopAll() {
    lock.lock();
    try {
      isClosing = true;
      for (var id : List.copyOf(book.keySet())) {
        var held = Objects.requireNonNull(book.get(id));
        if (held.isRunning) {
          held.isHandedBack = true;
          held.stop.request();
        } else {
          reports.release(id, RUNNER_STOPPED);
          forget(id);
        }
      }
      var left = CLOSE_PATIENCE.toNanos();
      while (!book.isEmpty() && left > 0) {
        left = changed.awaitNanos(left);
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
    lock.lock();
    try {
      return List.copyOf(book.keySet());
    } finally {
      lock.unlock();
    }
  }

  private void live(Held held, Attempt attempt, Duration timeLeft) {
    var id = attempt.id();
    LOG.debug("{}: running on endpoint {}", id, held.endpoint.name());
    try {
      var timer =
          timers.schedule(
              () -> {
                LOG.warn("{}: past its deadline; killing it", id);
                held.stop.request();
              },
              Math.max(0, timeLeft.plus(GRACE).toMillis()),
              TimeUnit.MILLISECONDS);
      try {
        report(held, id, outcome(held, attempt));
      } finally {
        timer.cancel(false);
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } finally {
      lock.lock();
      try {
        forget(id);
      } finally {
        lock.unlock();
      }
    }
  }

  private Outcome outcome(Held held, Attempt attempt) throws InterruptedException {
    try {
      return runtime.run(attempt, reports.output(attempt.id()), held.stop);
    } catch (RuntimeException e) {
      // The edge of the attempt: whatever broke, its job must hear of it, and the slot go on.
      LOG.error("{}: the runtime broke", attempt.id(), e);
      return new Outcome.Failed(
          FailureCode.RUNNER_ERROR, "Expected to run the attempt, but the runner failed");
    }
  }

  private void report(Held held, AttemptId id, Outcome outcome) throws InterruptedException {
    switch (outcome) {
      case Outcome.Succeeded(var output) -> reports.complete(id, output);
      case Outcome.Failed failed -> {
        LOG.debug("{}: failed with {}", id, failed.code().wireName());
        reports.fail(id, failed.error());
      }
      case Outcome.Stopped() -> {
        // Whoever gave the order to stop knows already; only a hand-back is news.
        if (held.isHandedBack) {
          reports.release(id, RUNNER_STOPPED);
        }
      }
    }
  }

  /** Under the lock. */
  private void forget(AttemptId id) {
    book.remove(id);
    changed.signalAll();
  }

  private static String ready(Health health) {
    return health.isReady() ? "is ready" : "is not ready, no attempt is taken";
  }

  /** A taken attempt. Its fields are guarded by the lock, but for {@code stop}. */
  private static final class Held {
    final Endpoint endpoint;
    final RawJson input;
    final StopSignal stop = new StopSignal();
    long askedAt = System.nanoTime();
    boolean isRunning;
    volatile boolean isHandedBack;

    Held(Endpoint endpoint, RawJson input) {
      this.endpoint = endpoint;
      this.input = input;
    }

    boolean isUnansweredFor(Duration patience) {
      return System.nanoTime() - askedAt > patience.toNanos();
    }
  }
}
