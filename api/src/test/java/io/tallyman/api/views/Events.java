package io.tallyman.api.views;

import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.EventMeta;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobEvent.JobCompleted;
import io.tallyman.schemas.job.JobEvent.JobQueued;
import io.tallyman.schemas.job.JobEvent.JobRequeued;
import io.tallyman.schemas.job.JobEvent.JobStarted;
import io.tallyman.schemas.job.JobEvent.Run;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobRequest;
import io.tallyman.schemas.job.Policy;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.schemas.job.RunnerId;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** Events for tests. */
public final class Events {

  public static final Instant TIME = Instant.parse("2026-11-24T10:00:00Z");
  private static final RunnerId RUNNER = new RunnerId("runner-1");

  private Events() {}

  public static JobEvent queued(JobId job) {
    return new JobQueued(
        meta(job, 1),
        new JobRequest(
            EndpointName.DEFAULT, RawJson.of("{}"), Policy.DEFAULT, Optional.empty(), "f"),
        TIME.plusSeconds(60));
  }

  public static JobEvent started(JobId job, long sequence) {
    return new JobStarted(meta(job, sequence), RUNNER, Duration.ofMillis(1), TIME.plusSeconds(60));
  }

  public static JobEvent requeued(JobId job, long sequence) {
    return new JobRequeued(meta(job, sequence), "runner_stopped: test", TIME.plusSeconds(60));
  }

  public static JobEvent completed(JobId job, long sequence, String output) {
    return new JobCompleted(
        meta(job, sequence),
        new Run(RUNNER, Duration.ofMillis(1), Duration.ofMillis(2)),
        RawJson.of(output));
  }

  private static EventMeta meta(JobId job, long sequence) {
    return new EventMeta(job, EndpointName.DEFAULT, sequence, 1, TIME, "test", Optional.empty());
  }
}
