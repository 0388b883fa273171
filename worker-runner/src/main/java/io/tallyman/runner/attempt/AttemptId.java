package io.tallyman.runner.attempt;

import io.tallyman.schemas.job.JobId;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * One try at running a job.
 *
 * @param jobId the job
 * @param attempt from 1; the fencing token
 */
public record AttemptId(JobId jobId, int attempt) {

  private static final Pattern CONTAINER_NAME = Pattern.compile("tally-(.+)-a([1-9]\\d{0,8})");

  /** The attempt of a {@link #containerName()}; empty for any other text. */
  public static Optional<AttemptId> ofContainerName(String name) {
    var parts = CONTAINER_NAME.matcher(name);
    return parts.matches() && JobId.isLegal(parts.group(1))
        ? Optional.of(new AttemptId(new JobId(parts.group(1)), Integer.parseInt(parts.group(2))))
        : Optional.empty();
  }

  /** {@code tally-<job>-a<attempt>}: the container's name, and so the key against a double run. */
  public String containerName() {
    return "tally-%s-a%d".formatted(jobId, attempt);
  }

  @Override
  public String toString() {
    return "job %s attempt %d".formatted(jobId, attempt);
  }
}
