package io.tallyman.api.jobs;

import io.tallyman.api.views.Unavailable;
import io.tallyman.schemas.job.JobId;
import java.time.Duration;

/** How long the answer of the state-processor to one command is waited for. */
final class Patience {

  /** It answers in 10 ms; after a restart of it in seconds. */
  private static final Duration LIMIT = Duration.ofSeconds(10);

  private final long deadline = System.nanoTime() + LIMIT.toNanos();

  Duration left() {
    return Duration.ofNanos(Math.max(0, deadline - System.nanoTime()));
  }

  Unavailable isOver(JobId job) {
    return new Unavailable(
        Unavailable.Reason.PROCESSOR_SILENT,
        ("Expected an answer about job '%s', but the state-processor gave none in %d s. The command"
                + " is durable and will be decided; repeating the same request is safe")
            .formatted(job, LIMIT.toSeconds()));
  }

  Unavailable isStopping(JobId job) {
    return new Unavailable(
        Unavailable.Reason.STOPPING,
        ("Expected an answer about job '%s', but this service stops. Repeating the same request is"
                + " safe")
            .formatted(job));
  }
}
