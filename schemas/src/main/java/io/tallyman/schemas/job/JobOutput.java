package io.tallyman.schemas.job;

import java.time.Instant;

/**
 * Something a running attempt said: the value of a record on {@code job-output}. Not a transition,
 * and not kept for ever.
 *
 * @param jobId the job; also the record's key
 * @param attempt the attempt that said it
 * @param runner who runs it
 * @param time when, by the runner's clock
 * @param channel where it came from
 * @param text one or more lines, at most {@value #MAX_TEXT} characters
 */
public record JobOutput(
    JobId jobId, int attempt, RunnerId runner, Instant time, Channel channel, String text) {

  /** Longest text of one record; a runner splits what is longer. */
  public static final int MAX_TEXT = 16_384;

  /** Where a text came from. */
  public enum Channel {
    /** The container's standard output. */
    STDOUT,
    /** The container's standard error. */
    STDERR,
    /** The runner itself: an image pull, files staged. */
    RUNNER
  }
}
