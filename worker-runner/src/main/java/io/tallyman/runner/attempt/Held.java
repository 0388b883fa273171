package io.tallyman.runner.attempt;

import io.tallyman.runtime.endpoints.Endpoint;
import io.tallyman.schemas.job.RawJson;
import java.time.Duration;

/** An attempt that was taken. Its changing fields are guarded by the lock of {@link Attempts}. */
final class Held {

  final Endpoint endpoint;
  final RawJson input;
  final StopSignal stop = new StopSignal();

  /** By {@link System#nanoTime()}: when its Start was last written. */
  long askedAt = System.nanoTime();

  boolean isRunning;

  /** By {@link System#nanoTime()}: when its first Start was written, or its latest Renew. */
  long renewedAt = askedAt;

  /** How long the lease is; unknown before it runs. */
  Duration lease = Duration.ZERO;

  /**
   * By {@link System#nanoTime()}: the lease holds at least until then. Counted from before the
   * Start, or the Renew, was written, so never later than the state-processor's own reckoning.
   */
  long leasedUntil;

  /** Set before {@code stop} is requested, and read after. */
  volatile boolean isHandedBack;

  Held(Endpoint endpoint, RawJson input) {
    this.endpoint = endpoint;
    this.input = input;
  }

  /** The state-processor's word came: it runs, and is leased for so long from its Start on. */
  void begin(Duration leaseFromStart) {
    isRunning = true;
    lease = leaseFromStart;
    leasedUntil = renewedAt + leaseFromStart.toNanos();
  }

  /** Whether it is time to renew: a third of the lease has gone by. */
  boolean isToBeRenewed(long now) {
    return isRunning && now - renewedAt > lease.toNanos() / 3;
  }

  /** Whether the lease is as good as over: a sixth is left, for the kill to take effect. */
  boolean isLeaseEnding(long now) {
    return isRunning && now - leasedUntil > -lease.toNanos() / 6;
  }

  boolean isUnansweredFor(Duration patience) {
    return System.nanoTime() - askedAt > patience.toNanos();
  }
}
