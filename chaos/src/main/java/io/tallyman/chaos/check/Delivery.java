package io.tallyman.chaos.check;

import io.tallyman.chaos.history.Received;

/**
 * A webhook that the receiver read.
 *
 * @param id {@code webhook-id}
 * @param job its {@code id} says, or empty
 * @param sequence {@code webhook-sequence}, or 0
 * @param attempt {@code webhook-attempt}, or 0
 * @param timestamp {@code webhook-timestamp}, seconds; -1 for none
 */
record Delivery(
    Received received, String id, String job, long sequence, int attempt, long timestamp) {

  long at() {
    return received.at();
  }

  /** Ordered later, by its own rules: it says so, and may come after newer events. */
  boolean isRedelivery() {
    return received.headers().containsKey("webhook-trigger");
  }

  boolean isAcknowledged() {
    return received.answer() / 100 == 2;
  }

  @Override
  public String toString() {
    return "receiver %s %s sequence %d attempt %d timestamp %d answered %d: %s"
        .formatted(
            Texts.time(at()), id, sequence, attempt, timestamp, received.answer(), received.body());
  }
}
