package io.tallyman.api.kafka;

import io.tallyman.runtime.Service.Health;
import java.time.Duration;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * How well {@link EventTail} follows the log: whether Kafka answers, how many events are still to
 * be read, and of what moment all are. Written by the tail's thread, read by all.
 */
public final class LogState {

  /** Kafka counts as silent when it has not answered for this long; it is asked each second. */
  private static final Duration SILENCE = Duration.ofSeconds(5);

  /**
   * How far the index may lag behind the log and still count as following: what a busy second
   * costs, and far less than any useful {@code TALLY_JOB_RETENTION}. So what the index lacks, the
   * state-processor has not forgotten yet. A number of events would not say that: in a small log,
   * the last few are months old.
   */
  private static final Duration LAG = Duration.ofSeconds(10);

  private final LongSupplier nanoTime;
  private volatile Snapshot now = new Snapshot(false, 0, 0, false, 0);

  /**
   * Nothing is known yet.
   *
   * @param nanoTime {@link System#nanoTime}, save in a test
   */
  LogState(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /**
   * Whether the index has all that was on the log 15 s ago: a job that it lacks does not exist, as
   * far as the log goes, or is new.
   */
  public boolean isCurrent() {
    var state = now;
    return isAnswering(state) && isFollowing(state);
  }

  /** One line for Kafka, one for the index. */
  public List<Health> health() {
    var state = now;
    return List.of(
        isAnswering(state)
            ? Health.ready("kafka", "answers")
            : Health.notReady(
                "kafka", "does not answer; submits get 503 until it does, tried again each second"),
        isFollowing(state)
            ? Health.ready("event-index", "has the log up to %d events".formatted(state.behind))
            : Health.notReady(
                "event-index",
                state.hasAnswered
                    ? "%d events of the log are still to be read".formatted(state.behind)
                    : "waits for Kafka"));
  }

  /**
   * Kafka said where the log ends.
   *
   * @param at when it was asked
   * @param behind events up to there that are still to be read
   */
  void answered(long at, long behind) {
    now = new Snapshot(true, at, behind, now.hasRead, now.readAt);
  }

  /** The index has all that was on the log at this moment. */
  void read(long at) {
    now = new Snapshot(now.hasAnswered, now.answeredAt, now.behind, true, at);
  }

  /** The index began anew. */
  void restarted() {
    now = new Snapshot(now.hasAnswered, now.answeredAt, now.behind, false, 0);
  }

  private boolean isAnswering(Snapshot state) {
    return state.hasAnswered && nanoTime.getAsLong() - state.answeredAt < SILENCE.toNanos();
  }

  /** As of the last answer: while Kafka is silent, the index does not fall behind. */
  private static boolean isFollowing(Snapshot state) {
    return state.hasRead && state.answeredAt - state.readAt < LAG.toNanos();
  }

  /** Moments are those of {@link #nanoTime}. */
  private record Snapshot(
      boolean hasAnswered, long answeredAt, long behind, boolean hasRead, long readAt) {}
}
