package io.tallyman.runner.attempt;

import io.tallyman.runtime.Service.Health;

/**
 * The port to whatever runs attempts: containers, processes, or nothing at all in a benchmark. One
 * contract test holds for all.
 *
 * <p>The command finds its input in {@code input.json} of its working folder and on standard input,
 * and {@code TALLY_JOB_ID}, {@code TALLY_ATTEMPT}, {@code TALLY_JOB_DIR} in its environment. Exit
 * code 0 is success; the result is the JSON of {@code output.json}, else the last line of standard
 * output that is JSON, else {@code null}.
 */
public interface AttemptRuntime extends AutoCloseable {

  /** As heartbeats name it: {@code docker}, {@code process} or {@code noop}. */
  String name();

  /**
   * Runs one attempt to its end, on the caller's thread. When it returns, nothing of the attempt
   * runs or lies around any more. Called concurrently, once per slot.
   *
   * @param output told what the attempt says while it runs, within the endpoint's log limit
   * @param stop when given, the attempt is killed and the outcome is {@link Outcome.Stopped}
   * @throws InterruptedException when the calling thread is interrupted; the attempt is killed
   */
  Outcome run(Attempt attempt, OutputSink output, StopSignal stop) throws InterruptedException;

  /**
   * Looks for what an earlier process of this runner left behind, and ends and removes what nobody
   * can go on with. Called once, before the first {@link #run}.
   *
   * @return what was found; each orphan is to be given to {@link #resume} or to {@link #discard}
   */
  default Left reap() {
    return Left.NOTHING;
  }

  /**
   * Goes on with an orphan to its end, as {@link #run} does with what it began. What it said before
   * is said once more.
   *
   * @throws InterruptedException when the calling thread is interrupted; the attempt is killed
   */
  default Outcome resume(Attempt attempt, OutputSink output, StopSignal stop)
      throws InterruptedException {
    throw new IllegalStateException("Expected no orphan, for %s leaves none".formatted(name()));
  }

  /** Ends and removes an orphan. What cannot be removed now is logged, and removed later. */
  default void discard(AttemptId id) {
    throw new IllegalStateException("Expected no orphan, for %s leaves none".formatted(name()));
  }

  /** Whether it could run an attempt now. Answers within a second. */
  Health health();

  /** Frees what it holds. Attempts have ended before. */
  @Override
  default void close() {}
}
