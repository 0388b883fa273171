package io.tallyman.processor.topology;

import static io.tallyman.processor.Jobs.INPUT;
import static io.tallyman.processor.Jobs.JOB;
import static io.tallyman.processor.Jobs.RUNNER;
import static io.tallyman.processor.Jobs.T0;
import static io.tallyman.processor.Jobs.TTL;
import static io.tallyman.processor.Jobs.request;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tallyman.processor.domain.JobState;
import io.tallyman.processor.domain.JobState.Absent;
import io.tallyman.processor.domain.JobState.Ended;
import io.tallyman.processor.domain.JobState.Queued;
import io.tallyman.processor.domain.JobState.Retryable;
import io.tallyman.processor.domain.JobState.Running;
import io.tallyman.schemas.job.JobRequest;
import io.tallyman.schemas.job.JobStatus;
import io.tallyman.schemas.job.Policy;
import io.tallyman.schemas.job.RawJson;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class JobStateFormatTest {

  private static final List<JobState> STATES =
      List.of(
          new Absent(),
          new Queued(JOB, request(), 3, 2, 1, T0.plusMillis(123), T0.plus(TTL)),
          new Queued(
              JOB,
              new JobRequest(
                  request().endpoint(),
                  RawJson.of("\"text with \\u00e9, é and 😀\""),
                  Policy.DEFAULT,
                  Optional.empty(),
                  "f00d"),
              1,
              1,
              1,
              T0,
              T0.plus(TTL)),
          new Running(
              JOB,
              request(),
              2,
              1,
              1,
              RUNNER,
              T0.plusSeconds(1),
              Duration.ofMillis(1_001),
              T0.plus(TTL),
              T0.plusSeconds(21),
              T0.plusSeconds(31)),
          new Retryable(JOB, request(), JobStatus.TIMED_OUT, 9, 4, T0),
          new Ended(JOB, "f00d", JobStatus.CANCELLED, T0));

  static Stream<JobState> states() {
    return STATES.stream();
  }

  @ParameterizedTest
  @MethodSource("states")
  void shouldReadWhatItWrote(JobState state) {
    assertThat(JobStateFormat.read(JobStateFormat.write(state))).isEqualTo(state);
  }

  @Test
  void shouldHaveAnExampleOfEveryState() {
    assertThat(STATES.stream().map(Object::getClass).collect(Collectors.toSet()))
        .containsExactlyInAnyOrder(JobState.class.getPermittedSubclasses());
  }

  @Test
  void shouldKeepThePayloadByteForByte() {
    var bytes = JobStateFormat.write(STATES.get(1));

    assertThat(new String(bytes == null ? new byte[0] : bytes, UTF_8)).contains(INPUT.toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "q", "{}", "x{}", "q{}", "qnull", "e{\"id\":\"job-1\"}", "q\u0000\u0001"})
  void shouldSayThatTheStoreIsCorruptWhenTheBytesAreNoState(String text) {
    assertThatThrownBy(() -> JobStateFormat.read(text.getBytes(UTF_8)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageStartingWith("Store is corrupt: Expected");
  }

  @Test
  void shouldSayThatTheStoreIsCorruptWhenTheBytesWereCut() {
    for (var state : STATES) {
      var bytes = JobStateFormat.write(state);
      if (bytes != null) {
        var cut = Arrays.copyOf(bytes, bytes.length - 1);
        assertThatThrownBy(() -> JobStateFormat.read(cut))
            .isInstanceOf(IllegalStateException.class);
      }
    }
  }
}
