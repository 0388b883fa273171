package io.tallyman.runner.attempt;

import io.tallyman.runtime.Service.Health;
import io.tallyman.runtime.endpoints.Endpoints;
import io.tallyman.schemas.job.Dispatch;
import io.tallyman.schemas.job.EndpointName;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
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

  /** A Start is answered within milliseconds. After this long the answer is taken for lost. */
  private static final Duration ANSWER_PATIENCE = Duration.ofSeconds(10);

  /** Time for containers to die when the runner stops; it must stop within 4 s in all. */
  private static final Duration CLOSE_PATIENCE = Duration.ofMillis(2_200);

  private static final Logger LOG = LoggerFactory.getLogger(Attempts.class);

  private final Endpoints endpoints;
  private final AttemptRuntime runtime;
  private final Reports reports;
  private final int slots;
  private final Execution execution;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Map<AttemptId, Held> book = new HashMap<>();
  private boolean isReady;
  private boolean isClosing;
  private boolean isReaped;

  /**
   * @param slots how many attempts it holds at once
   */
  public Attempts(Endpoints endpoints, AttemptRuntime runtime, Reports reports, int slots) {
    this.endpoints = endpoints;
    this.runtime = runtime;
    this.reports = reports;
    this.slots = slots;
    this.execution = new Execution(runtime, reports);
  }

  /**
   * Waits until this many slots are free and the runtime can run something; false when that has not
   * come in time.
   *
   * @throws InterruptedException when told to stop waiting
   */
  public boolean awaitFree(int wanted, Duration patience) throws InterruptedException {
    var left = patience.toNanos();
    lock.lockInterruptibly();
    try {
      while (!hasFree(wanted) && left > 0) {
        left = changed.awaitNanos(left);
      }
      return hasFree(wanted);
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
   * @param lease how long the attempt is leased, from its Start on
   */
  public void run(AttemptId id, Instant deadline, Duration timeLeft, Duration lease) {
    lock.lock();
    try {
      var held = book.get(id);
      if (held != null) {
        if (held.isRunning || isClosing) {
          return;
        }
        held.begin(lease);
        if (!held.isLeaseEnding(System.nanoTime())) {
          var attempt = new Attempt(id, held.endpoint, held.input, deadline);
          Thread.ofVirtual().name(id.containerName()).start(() -> live(held, attempt, timeLeft));
          return;
        }
        // The order was long under way: another runner may run the job by now.
        forget(id);
      }
    } finally {
      lock.unlock();
    }
    // An earlier process of this runner asked, or the answer came too late. Whoever has the order
    // must give it back, or the job would wait for its time limit.
    LOG.warn("{}: told to run it, but it is not held here any more; handing it back", id);
    reports.release(id, "runner_restarted: the runner no longer has this attempt");
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
   * To be called every few seconds, by one thread: looks after the runtime, renews leases, and asks
   * again about attempts whose Start was never answered.
   *
   * @return how the runtime is
   */
  public Health tick() {
    var health = runtime.health();
    if (health.isReady() && !isReaped) {
      runtime.reap().forEach(id -> reports.lost(id, "runner_restarted: the runner was gone"));
      isReaped = true;
    }
    var unanswered = new ArrayList<AttemptId>();
    var ending = new HashMap<AttemptId, Held>();
    var now = System.nanoTime();
    lock.lock();
    try {
      if (isReady != health.isReady()) {
        LOG.info(
            "attempts are {} now: {}", health.isReady() ? "taken" : "not taken", health.detail());
        isReady = health.isReady();
        changed.signalAll();
      }
      book.forEach(
          (id, held) -> {
            if (!held.isRunning && held.isUnansweredFor(ANSWER_PATIENCE)) {
              held.askedAt = System.nanoTime();
              unanswered.add(id);
            }
            if (held.isToBeRenewed(now)) {
              held.renewedAt = now;
              ending.put(id, held);
            }
          });
    } finally {
      lock.unlock();
    }
    ending.forEach((id, held) -> reports.renew(id, () -> renewed(held, now)));
    for (var id : unanswered) {
      LOG.warn(
          "{}: no answer to its Start for {} s; asking again", id, ANSWER_PATIENCE.toSeconds());
      reports.startAgain(id);
    }
    return health;
  }

  /**
   * To be called a few times per second, by one thread that nothing slow holds up: stops what has
   * lost its lease, or is about to, because another runner may get the job.
   */
  public void fence() {
    var now = System.nanoTime();
    lock.lock();
    try {
      book.forEach(
          (id, held) -> {
            if (held.isLeaseEnding(now) && !held.stop.isRequested()) {
              LOG.warn(
                  "{}: its lease of {} could not be renewed; stopping it before another runner gets"
                      + " the job",
                  id,
                  held.lease);
              held.stop.request();
            }
          });
    } finally {
      lock.unlock();
    }
  }

  private void renewed(Held held, long askedAt) {
    lock.lock();
    try {
      held.leasedUntil = Math.max(held.leasedUntil, askedAt + held.lease.toNanos());
    } finally {
      lock.unlock();
    }
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
      reports.release(id, Execution.RUNNER_STOPPED);
    }
    for (var id : awaitEnd()) {
      LOG.warn("{}: still ending when the runner stopped; handing it back now", id);
      reports.release(id, Execution.RUNNER_STOPPED);
    }
    execution.close();
  }

  /** Returns what was waiting. What ran is handed back as it ends. */
  private List<AttemptId> stopAll() {
    lock.lock();
    try {
      isClosing = true;
      var waiting = new ArrayList<AttemptId>();
      book.forEach(
          (id, held) -> {
            if (held.isRunning) {
              held.isHandedBack = true;
              held.stop.request();
            } else {
              waiting.add(id);
            }
          });
      waiting.forEach(this::forget);
      return waiting;
    } finally {
      lock.unlock();
    }
  }

  /** Returns what has not ended in time. */
  private List<AttemptId> awaitEnd() {
    var left = CLOSE_PATIENCE.toNanos();
    lock.lock();
    try {
      while (!book.isEmpty() && left > 0) {
        left = changed.awaitNanos(left);
      }
      return List.copyOf(book.keySet());
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return List.copyOf(book.keySet());
    } finally {
      lock.unlock();
    }
  }

  private void live(Held held, Attempt attempt, Duration timeLeft) {
    try {
      execution.run(attempt, held, timeLeft);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } finally {
      lock.lock();
      try {
        forget(attempt.id());
      } finally {
        lock.unlock();
      }
    }
  }

  /** Under the lock. */
  private boolean hasFree(int wanted) {
    return isReady && !isClosing && slots - book.size() >= wanted;
  }

  /** Under the lock. */
  private void forget(AttemptId id) {
    book.remove(id);
    changed.signalAll();
  }
}
