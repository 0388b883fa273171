package io.tallyman.webhooks.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.EventMeta;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobEvent.JobCancelled;
import io.tallyman.schemas.job.JobEvent.JobCompleted;
import io.tallyman.schemas.job.JobEvent.JobFailed;
import io.tallyman.schemas.job.JobEvent.JobQueued;
import io.tallyman.schemas.job.JobEvent.JobRequeued;
import io.tallyman.schemas.job.JobEvent.JobStarted;
import io.tallyman.schemas.job.JobEvent.JobTimedOut;
import io.tallyman.schemas.job.JobEvent.Run;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobRequest;
import io.tallyman.schemas.job.Policy;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.schemas.job.RunnerId;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class StatusPayloadTest {

  private static final Instant TIME = Instant.parse("2026-11-24T12:00:00Z");
  private static final EventMeta META =
      new EventMeta(
          new JobId("job-1"), EndpointName.DEFAULT, 3, 2, TIME, "timer", Optional.empty());
  private static final Run RUN =
      new Run(new RunnerId("runner-1"), Duration.ofMillis(120), Duration.ofMillis(4_500));

  static Stream<Arguments> payloads() {
    var request =
        new JobRequest(
            EndpointName.DEFAULT, RawJson.of("{}"), Policy.DEFAULT, Optional.empty(), "ab");
    return Stream.of(
        Arguments.of(
            new JobQueued(META, request, TIME), "{\"id\":\"job-1\",\"status\":\"IN_QUEUE\"}"),
        Arguments.of(
            new JobRequeued(META, "retried: x", TIME),
            "{\"id\":\"job-1\",\"status\":\"IN_QUEUE\"}"),
        Arguments.of(
            new JobStarted(META, RUN.runner(), RUN.delayTime(), TIME),
            "{\"id\":\"job-1\",\"status\":\"IN_PROGRESS\",\"delayTime\":120}"),
        Arguments.of(
            new JobCompleted(META, RUN, RawJson.of("{\"b\":1e0, \"a\" :\"😀\\u0000\"}")),
            "{\"id\":\"job-1\",\"status\":\"COMPLETED\",\"delayTime\":120,\"executionTime\":4500,"
                + "\"output\":{\"b\":1e0, \"a\" :\"😀\\u0000\"}}"),
        Arguments.of(
            new JobCompleted(META, RUN, RawJson.NULL),
            "{\"id\":\"job-1\",\"status\":\"COMPLETED\",\"delayTime\":120,\"executionTime\":4500,"
                + "\"output\":null}"),
        Arguments.of(
            new JobFailed(META, RUN, "exit_code: 3"),
            "{\"id\":\"job-1\",\"status\":\"FAILED\",\"delayTime\":120,\"executionTime\":4500,"
                + "\"error\":\"exit_code: 3\"}"),
        Arguments.of(
            new JobCancelled(META, Optional.of(RUN)),
            "{\"id\":\"job-1\",\"status\":\"CANCELLED\",\"delayTime\":120,\"executionTime\":4500}"),
        Arguments.of(
            new JobCancelled(META, Optional.empty()),
            "{\"id\":\"job-1\",\"status\":\"CANCELLED\",\"delayTime\":0,\"executionTime\":0}"),
        Arguments.of(
            new JobTimedOut(META, Optional.empty(), "ttl: too late"),
            "{\"id\":\"job-1\",\"status\":\"TIMED_OUT\",\"delayTime\":0,\"executionTime\":0,"
                + "\"error\":\"ttl: too late\"}"));
  }

  @ParameterizedTest
  @MethodSource("payloads")
  void shouldTellTheStateAndNothingElse(JobEvent event, String json) {
    assertThat(StatusPayload.of(event).toString()).isEqualTo(json);
  }
}
