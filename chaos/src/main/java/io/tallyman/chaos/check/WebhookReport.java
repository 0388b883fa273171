package io.tallyman.chaos.check;

import io.tallyman.chaos.history.LogRecord;
import java.util.concurrent.TimeUnit;

/**
 * A record of {@code webhook-attempts} or {@code webhook-dead-letters}.
 *
 * @param time when the request began, by the dispatcher's clock, ms
 */
record WebhookReport(
    LogRecord record,
    String id,
    String job,
    long sequence,
    int attempt,
    long time,
    String outcome,
    boolean isFinal) {

  long at() {
    return TimeUnit.MILLISECONDS.toMicros(time);
  }

  boolean isDelivered() {
    return outcome.equals("delivered");
  }

  @Override
  public String toString() {
    return "%s-%d@%d %s sequence %d attempt %d time %s %s%s"
        .formatted(
            record.topic(),
            record.partition(),
            record.offset(),
            id,
            sequence,
            attempt,
            Texts.time(at()),
            outcome,
            isFinal ? ", final" : "");
  }
}
