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
 * durable. What an earlier process left waits for that word too, but goes on meanwhile.
 * Thread-safe: {@code lock} guards the book and the flags; nothing slow happens under it.
 */
public final class Attempts implements AutoCloseable {

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
  private final Leases leases;
  private boolean isReady;
  private boolean isClosing;
  private boolean isHurried;
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
    this.leases = new Leases(book, lock, reports);
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
      book.put(id, Held.taken(endpoint.get(), dispatch.input()));
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
        if (held.isRunning || held.stop.isRequested()) {
          return;
        }
        if (held.begin(lease)) {
          var attempt = new Attempt(id, held.endpoint, held.input, deadline, lease);
          Thread.ofVirtual().name(id.containerName()).start(() -> live(held, attempt, timeLeft));
          return;
        }
        // The order was long under way: another runner may run the job by now.
        drop(id, held);
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
        drop(id, held);
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Looks after the runtime, and says nothing to anybody; {@link #tick()} does the same and more.
   * To be called every few seconds, by one thread.
   *
   * @return how the runtime is
   */
  public Health look() {
    var health = runtime.health();
    if (health.isReady() && !isReaped) {
      var left = runtime.reap();
      left.dead().forEach(id -> leases.lose(id, "runner_restarted: the runner was gone"));
      left.orphans().forEach(this::adopt);
      isReaped = true;
    }
    lock.lock();
    try {
      if (isReady != health.isReady()) {
        LOG.info(
            "attempts are {} now: {}", health.isReady() ? "taken" : "not taken", health.detail());
        isReady = health.isReady();
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
    return health;
  }

  /**
   * To be called every few seconds, by the thread of {@link #look()}, once answers can be heard:
   * looks after the runtime, renews leases, and asks about attempts whose Start was never written,
   * or never answered.
   *
   * @return how the runtime is
   */
  public Health tick() {
    var health = look();
    leases.tick();
    return health;
  }

  /**
   * To be called a few times per second, by one thread that nothing slow holds up: stops what has
   * lost its lease, or is about to, because another runner may get the job.
   */
  public void fence() {
    leases.fence();
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

  /**
   * Takes nothing new, hands back what only waits, and lets what runs go on for so long at the
   * most; returns when all has ended. Meanwhile it must be told of orders and looked after as
   * before.
   */
  public void drain(Duration patience) {
    List<AttemptId> waiting;
    lock.lock();
    try {
      isClosing = true;
      waiting =
          book.entrySet().stream()
              .filter(entry -> !entry.getValue().isRunning && !entry.getValue().isOrphan)
              .map(Map.Entry::getKey)
              .toList();
      waiting.forEach(this::forget);
      if (!book.isEmpty()) {
        LOG.info("{} attempts may go on for {} ms", book.size(), patience.toMillis());
      }
    } finally {
      lock.unlock();
    }
    waiting.forEach(id -> reports.release(id, Execution.RUNNER_STOPPED));
    var _ = awaitEnd(patience, true);
  }

  /** Ends {@link #drain} at once. */
  public void hurry() {
    lock.lock();
    try {
      isHurried = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Kills what runs, and hands back every attempt that is held. */
  @Override
  public void close() {
    for (var id : stopAll()) {
      reports.release(id, Execution.RUNNER_STOPPED);
    }
    for (var id : awaitEnd(CLOSE_PATIENCE, false)) {
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
      for (var entry : List.copyOf(book.entrySet())) {
        var held = entry.getValue();
        if (held.isRunning) {
          held.isHandedBack = true;
          held.stop.request();
        } else if (!held.stop.isRequested()) {
          waiting.add(entry.getKey());
          drop(entry.getKey(), held);
        }
      }
      return waiting;
    } finally {
      lock.unlock();
    }
  }

  /** Returns what has not ended in time. */
  private List<AttemptId> awaitEnd(Duration patience, boolean mayBeHurried) {
    var left = patience.toNanos();
    lock.lock();
    try {
      while (!book.isEmpty() && left > 0 && !(mayBeHurried && isHurried)) {
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

  private void adopt(Left.Orphan left) {
    var id = left.id();
    var endpoint = endpoints.named(left.endpoint());
    lock.lock();
    try {
      if (endpoint.isPresent() && !isClosing) {
        var held = Held.orphan(endpoint.get(), left);
        held.stop.onRequest(() -> discard(id, held));
        book.put(id, held);
        return;
      }
    } finally {
      lock.unlock();
    }
    runtime.discard(id);
    leases.lose(id, "runner_restarted: the runner does not serve the attempt's endpoint any more");
  }

  private void discard(AttemptId id, Held held) {
    lock.lock();
    try {
      if (held.isRunning) {
        // Its run hears the signal by itself.
        return;
      }
    } finally {
      lock.unlock();
    }
    runtime.discard(id);
    lock.lock();
    try {
      forget(id);
    } finally {
      lock.unlock();
    }
  }

  /** What waits for its word; an orphan has something to end first. Under the lock. */
  private void drop(AttemptId id, Held held) {
    if (held.isOrphan) {
      held.stop.request();
    } else {
      forget(id);
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
