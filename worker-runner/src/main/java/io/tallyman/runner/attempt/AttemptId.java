package io.tallyman.runner.attempt;

import io.tallyman.schemas.job.JobId;

/**
 * One try at running a job.
 *
 * @param jobId the job
 * @param attempt from 1; the fencing token
 */
public record AttemptId(JobId jobId, int attempt) {

  /** {@code tally-<job>-a<attempt>}: the container's name, and so the key against a double run. */
  public String containerName() {
    return "tally-%s-a%d".formatted(jobId, attempt);
  }

  @Override
  public String toString() {
    return "job %s attempt %d".formatted(jobId, attempt);
  }
}
