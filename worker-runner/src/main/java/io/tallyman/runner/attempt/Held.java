package io.tallyman.runner.attempt;

import io.tallyman.runtime.endpoints.Endpoint;
import io.tallyman.schemas.job.RawJson;
import java.time.Duration;

/** An attempt that was taken. Its changing fields are guarded by the lock of {@link Attempts}. */
final class Held {

  final Endpoint endpoint;
  final RawJson input;
  final StopSignal stop = new StopSignal();

  /** Whether an earlier process of this runner began it. */
  final boolean isOrphan;

  /** Whether its Start was written by this process. */
  boolean isAsked;

  /** By {@link System#nanoTime()}: when its Start was last written. */
  long askedAt = System.nanoTime();

  boolean isRunning;

  /** By {@link System#nanoTime()}: when its first Start was written, or its latest Renew. */
  long renewedAt = askedAt;

  /** How long the lease is at a time; unknown before it runs, but for an orphan. */
  Duration lease;

  /**
   * By {@link System#nanoTime()}: the lease holds at least until then. Counted from before the
   * Start, or the Renew, was written, so never later than the state-processor's own reckoning. Of
   * an orphan nobody here knows until the first answer: it is over one lease after the orphan was
   * found at the latest, for the process that could renew it was dead by then.
   */
  long leasedUntil;

  /** Set before {@code stop} is requested, and read after. */
  volatile boolean isHandedBack;

  private Held(Endpoint endpoint, RawJson input, Duration lease, boolean isOrphan) {
    this.endpoint = endpoint;
    this.input = input;
    this.lease = lease;
    this.isOrphan = isOrphan;
    this.isAsked = !isOrphan;
    this.leasedUntil = askedAt + lease.toNanos();
  }

  /** A dispatch whose Start is about to be written. */
  static Held taken(Endpoint endpoint, RawJson input) {
    return new Held(endpoint, input, Duration.ZERO, false);
  }

  /** What an earlier process left. */
  static Held orphan(Endpoint endpoint, Left.Orphan left) {
    return new Held(endpoint, left.input(), left.lease(), true);
  }

  /**
   * The state-processor's word came: it is leased for so long from its Start on. It runs from now
   * on, unless that is as good as over.
   */
  boolean begin(Duration leaseFromStart) {
    lease = leaseFromStart;
    leasedUntil = renewedAt + leaseFromStart.toNanos();
    isRunning = !isEnding(System.nanoTime());
    return isRunning;
  }

  /** Its Start is about to be written, for the first time or again. */
  void ask(long now) {
    if (!isAsked) {
      isAsked = true;
      renewedAt = now;
    }
    askedAt = now;
  }

  /** Whether its Start is to be written: it never was, or its answer is taken for lost. */
  boolean isToBeAsked(long now, Duration patience) {
    return !isRunning && !stop.isRequested() && (!isAsked || now - askedAt > patience.toNanos());
  }

  /** Whether it is time to renew: a third of the lease has gone by. */
  boolean isToBeRenewed(long now) {
    return isRunning && now - renewedAt > lease.toNanos() / 3;
  }

  /** Whether the lease is as good as over: a sixth is left, for the kill to take effect. */
  boolean isLeaseEnding(long now) {
    return (isRunning || isOrphan) && isEnding(now);
  }

  private boolean isEnding(long now) {
    return now - leasedUntil > -lease.toNanos() / 6;
  }
}
