package io.tallyman.schemas.job;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.schemas.job.JobEvent.JobCancelled;
import io.tallyman.schemas.job.JobEvent.JobCompleted;
import io.tallyman.schemas.job.JobEvent.JobFailed;
import io.tallyman.schemas.job.JobEvent.JobQueued;
import io.tallyman.schemas.job.JobEvent.JobRequeued;
import io.tallyman.schemas.job.JobEvent.JobStarted;
import io.tallyman.schemas.job.JobEvent.JobTimedOut;
import io.tallyman.schemas.job.JobEvent.Run;
import io.tallyman.schemas.json.MessageCodec;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The status document of each event, as the exact JSON that a client reads. */
class JobViewTest {

  private static final Instant TIME = Instant.parse("2026-11-24T10:00:00Z");
  private static final RunnerId RUNNER = new RunnerId("runner-1");
  private static final Run RUN = new Run(RUNNER, Duration.ofMillis(12), Duration.ofMillis(3456));

  @Test
  void shouldShowAnAcceptedJobAsQueued() {
    assertThat(json(JobView.accepted(new JobId("job-1"))))
        .isEqualTo("{\"id\":\"job-1\",\"status\":\"IN_QUEUE\"}");
  }

  @Test
  void shouldShowNothingButTheStatusOfAQueuedJob() {
    var request =
        new JobRequest(
            EndpointName.DEFAULT, RawJson.of("{}"), Policy.DEFAULT, Optional.empty(), "ab");

    assertThat(json(JobView.of(new JobQueued(meta(1), request, TIME))))
        .isEqualTo("{\"id\":\"job-1\",\"status\":\"IN_QUEUE\"}");
  }

  @Test
  void shouldShowWhoRunsIt() {
    assertThat(json(JobView.of(new JobStarted(meta(1), RUNNER, Duration.ofMillis(12), TIME))))
        .isEqualTo(
            "{\"id\":\"job-1\",\"status\":\"IN_PROGRESS\",\"delayTime\":12,"
                + "\"workerId\":\"runner-1\"}");
  }

  @Test
  void shouldForgetTheRunnerWhenTheJobWaitsAgain() {
    assertThat(json(JobView.of(new JobRequeued(meta(2), "runner_stopped: it stops", TIME))))
        .isEqualTo("{\"id\":\"job-1\",\"status\":\"IN_QUEUE\",\"retries\":1}");
  }

  @Test
  void shouldShowTheOutputAsItCame() {
    assertThat(json(JobView.of(new JobCompleted(meta(1), RUN, RawJson.of("{\"a\": 1.50 }")))))
        .isEqualTo(
            "{\"id\":\"job-1\",\"status\":\"COMPLETED\",\"delayTime\":12,\"executionTime\":3456,"
                + "\"output\":{\"a\": 1.50 },\"workerId\":\"runner-1\"}");
  }

  @Test
  void shouldShowAnOutputThatIsNull() {
    assertThat(json(JobView.of(new JobCompleted(meta(3), RUN, RawJson.NULL))))
        .isEqualTo(
            "{\"id\":\"job-1\",\"status\":\"COMPLETED\",\"delayTime\":12,\"executionTime\":3456,"
                + "\"output\":null,\"workerId\":\"runner-1\",\"retries\":2}");
  }

  @Test
  void shouldShowWhyItFailed() {
    assertThat(json(JobView.of(new JobFailed(meta(1), RUN, "exit_code: it ended with 3"))))
        .isEqualTo(
            "{\"id\":\"job-1\",\"status\":\"FAILED\",\"delayTime\":12,\"executionTime\":3456,"
                + "\"error\":\"exit_code: it ended with 3\",\"workerId\":\"runner-1\"}");
  }

  @Test
  void shouldShowHowACancelledJobRan() {
    assertThat(json(JobView.of(new JobCancelled(meta(1), Optional.of(RUN)))))
        .isEqualTo(
            "{\"id\":\"job-1\",\"status\":\"CANCELLED\",\"delayTime\":12,\"executionTime\":3456,"
                + "\"workerId\":\"runner-1\"}");
  }

  @Test
  void shouldShowZerosAndNoWorkerWhenACancelledJobNeverStarted() {
    assertThat(json(JobView.of(new JobCancelled(meta(1), Optional.empty()))))
        .isEqualTo(
            "{\"id\":\"job-1\",\"status\":\"CANCELLED\",\"delayTime\":0,\"executionTime\":0,"
                + "\"workerId\":\"\"}");
  }

  @Test
  void shouldShowWhichLimitEndedARunningJob() {
    assertThat(
            json(
                JobView.of(
                    new JobTimedOut(meta(2), Optional.of(RUN), "execution_timeout: too long"))))
        .isEqualTo(
            "{\"id\":\"job-1\",\"status\":\"TIMED_OUT\",\"delayTime\":12,\"executionTime\":3456,"
                + "\"error\":\"execution_timeout: too long\",\"workerId\":\"runner-1\","
                + "\"retries\":1}");
  }

  @Test
  void shouldShowZerosAndNoWorkerWhenTheTtlEndedAQueuedJob() {
    assertThat(json(JobView.of(new JobTimedOut(meta(1), Optional.empty(), "ttl: too late"))))
        .isEqualTo(
            "{\"id\":\"job-1\",\"status\":\"TIMED_OUT\",\"delayTime\":0,\"executionTime\":0,"
                + "\"error\":\"ttl: too late\",\"workerId\":\"\"}");
  }

  private static EventMeta meta(int attempt) {
    return new EventMeta(
        new JobId("job-1"), EndpointName.DEFAULT, 7, attempt, TIME, "api", Optional.empty());
  }

  private static String json(JobView view) {
    return new String(MessageCodec.encode(view), UTF_8);
  }
}
