package io.tallyman.runner.attempt;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The leases on the attempts of {@link Attempts}, whose book and lock it shares: asked for,
 * renewed, and obeyed when they end.
 */
final class Leases {

  /** A Start is answered within milliseconds. After this long the answer is taken for lost. */
  private static final Duration ANSWER_PATIENCE = Duration.ofSeconds(10);

  private static final Logger LOG = LoggerFactory.getLogger(Leases.class);

  private final Map<AttemptId, Held> book;
  private final ReentrantLock lock;
  private final Reports reports;

  /** Why each is lost that an earlier process ran, until that is reported. */
  private final Map<AttemptId, String> lost = new LinkedHashMap<>();

  Leases(Map<AttemptId, Held> book, ReentrantLock lock, Reports reports) {
    this.book = book;
    this.lock = lock;
    this.reports = reports;
  }

  /** Has an attempt of an earlier process reported as lost, at the next {@link #tick()}. */
  void lose(AttemptId id, String reason) {
    lock.lock();
    try {
      lost.put(id, reason);
    } finally {
      lock.unlock();
    }
  }

  /** Reports what is lost, renews leases, and asks about what was never asked, or answered. */
  void tick() {
    var asked = new ArrayList<AttemptId>();
    var renewed = new HashMap<AttemptId, Held>();
    var now = System.nanoTime();
    Map<AttemptId, String> dead;
    lock.lock();
    try {
      dead = Map.copyOf(lost);
      lost.clear();
      book.forEach(
          (id, held) -> {
            if (held.isToBeAsked(now, ANSWER_PATIENCE)) {
              LOG.warn(
                  "{}: {}; asking whether to run it",
                  id,
                  held.isAsked
                      ? "no answer to its Start for %d s".formatted(ANSWER_PATIENCE.toSeconds())
                      : "left by an earlier process of this runner");
              held.ask(now);
              asked.add(id);
            }
            if (held.isToBeRenewed(now)) {
              held.renewedAt = now;
              renewed.put(id, held);
            }
          });
    } finally {
      lock.unlock();
    }
    dead.forEach(reports::lost);
    renewed.forEach((id, held) -> reports.renew(id, () -> extend(held, now)));
    asked.forEach(reports::startAgain);
  }

  private void extend(Held held, long askedAt) {
    lock.lock();
    try {
      held.leasedUntil = Math.max(held.leasedUntil, askedAt + held.lease.toNanos());
    } finally {
      lock.unlock();
    }
  }

  /** Stops what has lost its lease, or is about to. Nothing slow happens here. */
  void fence() {
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
              if (!held.isRunning) {
                lost.put(id, "runner_restarted: nobody said in time that the attempt may go on");
              }
              held.stop.request();
            }
          });
    } finally {
      lock.unlock();
    }
  }
}
