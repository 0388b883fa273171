package io.tallyman.schemas.job;

/** State of a job as RunPod names it. The names are the wire names. */
public enum JobStatus {
  /** Waits for a runner. Left by start, cancel or ttl. */
  IN_QUEUE,
  /**
   * A runner runs it. Left by its report, a cancel or a time limit; back to the queue on hand-back.
   */
  IN_PROGRESS,
  /** Terminal: the container succeeded. */
  COMPLETED,
  /** Terminal until retried: the container, or what it needed, failed. */
  FAILED,
  /** Terminal: somebody cancelled it. */
  CANCELLED,
  /** Terminal until retried: {@code ttl} or {@code executionTimeout} passed. */
  TIMED_OUT;

  /** Whether only an accepted Retry can lead out of this state. */
  public boolean isTerminal() {
    return switch (this) {
      case IN_QUEUE, IN_PROGRESS -> false;
      case COMPLETED, FAILED, CANCELLED, TIMED_OUT -> true;
    };
  }
}
