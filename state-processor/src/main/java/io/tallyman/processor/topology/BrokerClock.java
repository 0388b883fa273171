package io.tallyman.processor.topology;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * The broker's time, as far as a task knows it. The timers have no clock of their own: a record
 * carries the time at which the broker appended it, so it is at least that late there, and from
 * then on it is later by what a monotonic clock says has passed. Records raise the estimate, and
 * what is early nowhere else proves it too high.
 *
 * <p>What was read long after it was appended says little: so a task asks, with a command of its
 * own, at its start and when it has read nothing for a while, see {@link #mustAsk}.
 */
final class BrokerClock {

  /** Without a record for so long, the broker's clock may have been set. */
  static final Duration SILENCE = Duration.ofSeconds(10);

  private long estimate;
  private long estimatedAt;
  private boolean isKnown;

  /** The {@code ce_id} of the question that was not answered yet. */
  private Optional<String> question = Optional.empty();

  private boolean wasAnswered;
  private long readAt;

  /**
   * The time at the broker; empty before the first record.
   *
   * @param monotonic ms of a clock that is never set
   */
  Optional<Instant> now(long monotonic) {
    return isKnown
        ? Optional.of(Instant.ofEpochMilli(estimate + monotonic - estimatedAt))
        : Optional.empty();
  }

  /** A record was read: it is not earlier than this at the broker. */
  void raise(Instant at, long monotonic) {
    if (now(monotonic).filter(at::isBefore).isEmpty()) {
      set(at, monotonic);
    }
    readAt = monotonic;
  }

  /** A timer was early: it was this late at the broker when it came, and no later. */
  void set(Instant at, long monotonic) {
    estimate = at.toEpochMilli();
    estimatedAt = monotonic;
    isKnown = true;
  }

  /** Whether to write a command only to learn from its record what time it is. */
  boolean mustAsk(long monotonic) {
    return question.isEmpty() && !(wasAnswered && monotonic - readAt < SILENCE.toMillis());
  }

  void asked(String commandId) {
    question = Optional.of(commandId);
  }

  /** A command was read; it may be the one that asked. */
  void answered(Optional<String> commandId) {
    if (question.isPresent() && question.equals(commandId)) {
      question = Optional.empty();
      wasAnswered = true;
    }
  }
}
