package io.tallyman.chaos.check;

import io.tallyman.chaos.history.LogRecord;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A record of {@code job-events}.
 *
 * @param type such as {@code JobQueued}
 * @param time by the broker's clock, ms since the epoch, like all times here
 * @param status of the job from it on
 * @param runner that started, or ran, the attempt; null when none did
 * @param delayTime ms; -1 for none, like {@code executionTime}
 * @param expiresAt 0 for none, like {@code deadline}
 * @param reason of a requeueing, or the error; empty when there is none
 * @param request of a {@code JobQueued}, else null
 */
record Event(
    LogRecord record,
    String type,
    String job,
    String endpoint,
    long sequence,
    int attempt,
    long time,
    boolean hasWebhook,
    String status,
    @Nullable String runner,
    long delayTime,
    long executionTime,
    long expiresAt,
    long deadline,
    String reason,
    @Nullable Request request) {

  private static final Set<String> ENDS = Set.of("COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT");

  /**
   * What was asked for.
   *
   * @param executionTimeout ms, like {@code ttl}
   * @param fingerprint SHA-256 of the body of the request
   * @param seed of the job's program, empty when it is none of ours
   * @param program its name
   */
  record Request(
      long executionTimeout,
      long ttl,
      boolean isLowPriority,
      String fingerprint,
      String seed,
      String program,
      long sleepMillis) {}

  boolean isEnd() {
    return ENDS.contains(status);
  }

  boolean is(String type) {
    return this.type.equals(type);
  }

  /** When it happened, by the broker's clock. */
  long at() {
    return TimeUnit.MILLISECONDS.toMicros(time);
  }

  /** One line for people. */
  @Override
  public String toString() {
    return "job-events-%d@%d %s sequence %d attempt %d time %s %s"
        .formatted(
            record.partition(),
            record.offset(),
            type,
            sequence,
            attempt,
            Texts.time(at()),
            reason.isEmpty() ? status : status + " (" + reason + ")");
  }
}
