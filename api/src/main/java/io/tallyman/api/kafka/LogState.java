package io.tallyman.api.kafka;

import io.tallyman.runtime.Service.Health;
import java.time.Duration;
import java.util.List;

/**
 * How well {@link EventTail} follows the log: whether Kafka answers, and how many events are still
 * to be read. Written by the tail's thread, read by all.
 */
public final class LogState {

  /** Kafka counts as silent when it has not answered for this long; it is asked each second. */
  private static final Duration SILENCE = Duration.ofSeconds(5);

  /**
   * Events behind the end that still count as following: what a busy second writes. A job accepted
   * elsewhere a moment ago is waited for anyway.
   */
  private static final long NEAR = 10_000;

  private volatile Snapshot now = new Snapshot(false, System.nanoTime(), 0, false);

  LogState() {}

  /** Whether a job that the index does not have does not exist, as far as the log goes. */
  public boolean isCurrent() {
    var state = now;
    return isAnswering(state) && state.hasCaughtUp && state.behind <= NEAR;
  }

  /** One line for Kafka, one for the index. */
  public List<Health> health() {
    var state = now;
    return List.of(
        isAnswering(state)
            ? Health.ready("kafka", "answers")
            : Health.notReady(
                "kafka", "does not answer; submits get 503 until it does, tried again each second"),
        state.hasCaughtUp && state.behind <= NEAR
            ? Health.ready("event-index", "has the log up to %d events".formatted(state.behind))
            : Health.notReady(
                "event-index",
                state.hasAnswered
                    ? "%d events of the log are still to be read".formatted(state.behind)
                    : "waits for Kafka"));
  }

  /** Kafka said where the log ends. */
  void answered(long behind) {
    now = new Snapshot(true, System.nanoTime(), behind, now.hasCaughtUp || behind <= NEAR);
  }

  /** The index began anew. */
  void restarted() {
    now = new Snapshot(now.hasAnswered, now.at, now.behind, false);
  }

  private static boolean isAnswering(Snapshot state) {
    return state.hasAnswered && System.nanoTime() - state.at < SILENCE.toNanos();
  }

  private record Snapshot(boolean hasAnswered, long at, long behind, boolean hasCaughtUp) {}
}
