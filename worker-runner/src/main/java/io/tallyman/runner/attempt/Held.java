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

  /** Set before {@code stop} is requested, and read after. */
  volatile boolean isHandedBack;

  Held(Endpoint endpoint, RawJson input) {
    this.endpoint = endpoint;
    this.input = input;
  }

  boolean isUnansweredFor(Duration patience) {
    return System.nanoTime() - askedAt > patience.toNanos();
  }
}
