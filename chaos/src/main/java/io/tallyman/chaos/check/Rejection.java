package io.tallyman.chaos.check;

import io.tallyman.chaos.history.LogRecord;
import java.util.concurrent.TimeUnit;

/**
 * A record of {@code job-rejections}.
 *
 * @param commandId {@code ce_id} of the command
 * @param commandType its wire name
 * @param code such as {@code STALE_ATTEMPT}
 */
record Rejection(LogRecord record, String job, String commandId, String commandType, String code) {

  long at() {
    return TimeUnit.MILLISECONDS.toMicros(record.timestamp());
  }

  @Override
  public String toString() {
    return "job-rejections-%d@%d %s of %s %s"
        .formatted(record.partition(), record.offset(), code, commandType, commandId);
  }
}
