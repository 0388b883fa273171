package io.tallyman.chaos.check;

import io.tallyman.chaos.history.LogRecord;
import java.util.concurrent.TimeUnit;

/**
 * A record of {@code job-commands}.
 *
 * @param type such as {@code Submit}
 * @param attempt 0 for none
 * @param runner who says so; empty: no runner does
 * @param isLost whether a {@code Release} says that the attempt died
 * @param fingerprint of the request of a {@code Submit}, else empty; like {@code endpoint}
 * @param id its {@code ce_id}
 */
record Command(
    LogRecord record,
    String type,
    String job,
    int attempt,
    String runner,
    boolean isLost,
    String fingerprint,
    String endpoint,
    String id) {

  boolean is(String type) {
    return this.type.equals(type);
  }

  /** When it was appended, by the broker's clock; what is decided about it happened then. */
  long time() {
    return record.timestamp();
  }

  long at() {
    return TimeUnit.MILLISECONDS.toMicros(time());
  }

  @Override
  public String toString() {
    return "job-commands-%d@%d %s attempt %d runner '%s' time %s"
        .formatted(record.partition(), record.offset(), type, attempt, runner, Texts.time(at()));
  }
}
