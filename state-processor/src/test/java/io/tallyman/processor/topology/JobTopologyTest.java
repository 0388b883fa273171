package io.tallyman.processor.topology;

import static io.tallyman.processor.Jobs.INPUT;
import static io.tallyman.processor.Jobs.JOB;
import static io.tallyman.processor.Jobs.OTHER_RUNNER;
import static io.tallyman.processor.Jobs.RUNNER;
import static io.tallyman.processor.Jobs.T0;
import static io.tallyman.processor.Jobs.cancel;
import static io.tallyman.processor.Jobs.complete;
import static io.tallyman.processor.Jobs.fail;
import static io.tallyman.processor.Jobs.release;
import static io.tallyman.processor.Jobs.request;
import static io.tallyman.processor.Jobs.retry;
import static io.tallyman.processor.Jobs.start;
import static io.tallyman.processor.Jobs.submit;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.tallyman.processor.domain.JobState.Retryable;
import io.tallyman.processor.topology.TopologyDriver.Read;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.job.Dispatch;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobCommand;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobEvent.JobCompleted;
import io.tallyman.schemas.job.JobEvent.JobQueued;
import io.tallyman.schemas.job.JobEvent.JobStarted;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobRequest;
import io.tallyman.schemas.job.JobStatus;
import io.tallyman.schemas.job.Policy;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.schemas.job.Rejection;
import io.tallyman.schemas.job.RunnerControl;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which command leads to which records, where, with which keys and headers. */
class JobTopologyTest {

  private static final Topics.Topic DISPATCH = Topics.dispatch(EndpointName.DEFAULT, false);
  private static final Topics.Topic DISPATCH_LOW = Topics.dispatch(EndpointName.DEFAULT, true);

  @TempDir Path folder;
  private TopologyDriver driver;

  @BeforeEach
  void create() {
    driver = new TopologyDriver(folder);
  }

  @AfterEach
  void stop() {
    driver.close();
  }

  @Test
  void shouldTellAnEventAsACloudEventWhenSubmitted() {
    // when
    driver.give(1, submit());

    // then
    assertThat(driver.read(Topics.EVENTS))
        .singleElement()
        .satisfies(
            read -> {
              assertThat(read.key()).isEqualTo("job-1");
              assertThat(read.time()).isEqualTo(T0.plusSeconds(1));
              assertThat(read.headers())
                  .containsExactlyInAnyOrderEntriesOf(
                      Map.of(
                          "ce_specversion", "1.0",
                          "ce_id", "job-1:1",
                          "ce_type", "io.tallyman.job.queued.v1",
                          "ce_source", "/state-processor",
                          "ce_subject", "job-1",
                          "ce_time", "2026-11-24T10:00:01Z",
                          "content-type", "application/json"));
              assertThat(read.message())
                  .isInstanceOfSatisfying(
                      JobQueued.class, queued -> assertThat(queued.request()).isEqualTo(request()));
            });
  }

  @Test
  void shouldDispatchTheInputAsItCameWhenSubmitted() {
    driver.give(1, submit());

    assertThat(driver.read(DISPATCH))
        .extracting(Read::key, Read::message, read -> read.headers().get("ce_id"))
        .containsExactly(
            tuple("job-1", new Dispatch(JOB, EndpointName.DEFAULT, 1, INPUT), "job-1:dispatch:1"));
    assertThat(driver.read(DISPATCH_LOW)).isEmpty();
  }

  @Test
  void shouldDispatchOnTheLowTopicWhenThePriorityIsLow() {
    driver.give(1, submit(request(EndpointName.DEFAULT, "f00d", true)));
    driver.give(2, start(1));
    driver.give(3, release(1));

    assertThat(driver.messages(DISPATCH_LOW))
        .containsExactly(
            new Dispatch(JOB, EndpointName.DEFAULT, 1, INPUT),
            new Dispatch(JOB, EndpointName.DEFAULT, 2, INPUT));
    assertThat(driver.read(DISPATCH)).isEmpty();
  }

  @Test
  void shouldTellItsRunnerToRunWhenStarted() {
    driver.give(0, submit());
    driver.give(1, start(1));

    assertThat(events()).containsExactly("JobQueued 1", "JobStarted 2");
    assertThat(driver.read(Topics.CONTROL))
        .extracting(Read::key, Read::message, Read::time)
        .containsExactly(
            tuple(
                "runner-1",
                new RunnerControl.Run(RUNNER, JOB, 1, T0.plusSeconds(21), T0.plusSeconds(31)),
                T0.plusSeconds(1)));
  }

  @Test
  void shouldTellEveryTransitionOnceWhenAJobRunsThrough() {
    driver.give(0, submit());
    driver.give(1, start(1));
    driver.give(2, complete(1));

    assertThat(driver.read(Topics.EVENTS))
        .extracting(read -> read.headers().get("ce_id"), read -> read.message().getClass())
        .containsExactly(
            tuple("job-1:1", JobQueued.class),
            tuple("job-1:2", JobStarted.class),
            tuple("job-1:3", JobCompleted.class));
    assertThat(driver.read(Topics.REJECTIONS)).isEmpty();
    assertThat(driver.readRaw(Topics.DEAD_LETTERS)).isEmpty();
  }

  @Test
  void shouldStopItsRunnerWhenCancelledWhileRunning() {
    driver.give(0, submit());
    driver.give(1, new JobCommand.Start(JOB, 1, OTHER_RUNNER));
    driver.messages(Topics.CONTROL);

    driver.give(2, cancel());

    assertThat(driver.read(Topics.CONTROL))
        .extracting(Read::key, Read::message)
        .containsExactly(
            tuple(
                "runner-2", new RunnerControl.Stop(OTHER_RUNNER, JOB, 1, "the job was cancelled")));
  }

  @Test
  void shouldNameTheCommandWhenItIsRefused() {
    driver.give(1, cancel());

    assertThat(driver.read(Topics.REJECTIONS))
        .extracting(Read::key, Read::message, read -> read.headers().get("ce_id"))
        .containsExactly(
            tuple(
                "job-1",
                new Rejection(
                    JOB,
                    "command-1",
                    "io.tallyman.command.cancel.v1",
                    Rejection.Code.NOT_FOUND,
                    "Expected to cancel job 'job-1', but there is none",
                    T0.plusSeconds(1)),
                "command-1:rejected"));
    assertThat(driver.read(Topics.EVENTS)).isEmpty();
  }

  @Test
  void shouldKeepThePayloadsBytesThroughTheStore() {
    driver.give(0, submit());
    driver.give(1, start(1));
    driver.give(2, release(1));
    driver.give(3, start(2));
    driver.give(4, fail(2));
    driver.give(5, retry());

    assertThat(driver.messages(DISPATCH))
        .containsExactly(
            new Dispatch(JOB, EndpointName.DEFAULT, 1, INPUT),
            new Dispatch(JOB, EndpointName.DEFAULT, 2, INPUT),
            new Dispatch(JOB, EndpointName.DEFAULT, 3, INPUT));
  }

  @Test
  void shouldGoOnWhenTheEndpointOfAKnownJobIsNoLongerServed() {
    // given
    driver
        .jobs()
        .put(
            "job-1",
            JobStateFormat.write(
                new Retryable(
                    JOB,
                    request(new EndpointName("gone"), "f00d", false),
                    JobStatus.FAILED,
                    3,
                    1,
                    T0)));

    // when
    driver.give(1, retry());
    driver.give(2, submit(new JobId("job-2")));

    // then
    assertThat(driver.messages(Topics.REJECTIONS))
        .singleElement()
        .isInstanceOfSatisfying(
            Rejection.class,
            it -> assertThat(it.code()).isEqualTo(Rejection.Code.UNKNOWN_ENDPOINT));
    assertThat(events()).containsExactly("JobQueued 1");
  }

  @Test
  void shouldBuryTheCommandWhenItsStoredStateIsCorrupt() {
    driver.jobs().put("job-1", new byte[] {'q', 1, 2, 3});

    driver.give(1, cancel());
    driver.give(2, submit(new JobId("job-2")));

    assertThat(driver.readRaw(Topics.DEAD_LETTERS))
        .singleElement()
        .satisfies(
            letter ->
                assertThat(TopologyDriver.texts(letter.headers()).get("tallyman-reason"))
                    .contains("Store is corrupt"));
    assertThat(events()).containsExactly("JobQueued 1");
  }

  /** Kafka would not take the event, and the thread would end, again and again. */
  @Test
  void shouldBuryTheCommandWhenItsEventDoesNotFitIntoARecord() {
    var input = RawJson.of("\"%s\"".formatted("x".repeat(Topics.MAX_RECORD_BYTES - 2_000)));
    driver.give(
        1,
        submit(
            new JobRequest(EndpointName.DEFAULT, input, Policy.DEFAULT, Optional.empty(), "f00d")));
    driver.give(2, submit(new JobId("job-2")));

    assertThat(driver.readRaw(Topics.DEAD_LETTERS))
        .singleElement()
        .satisfies(
            letter ->
                assertThat(TopologyDriver.texts(letter.headers()).get("tallyman-reason"))
                    .contains(
                        "at most 25165824 bytes, but the io.tallyman.job.queued.v1 has 2516"));
    assertThat(events()).containsExactly("JobQueued 1");
  }

  @Test
  void shouldForgetAnEndedJobWhenItsRetentionIsOver() {
    // given
    driver.give(0, submit());
    driver.give(1, start(1));
    driver.give(2, complete(1));
    driver.wait(Duration.ofHours(1).minusMillis(1));
    assertThat(TopologyDriver.size(driver.jobs())).isEqualTo(1);

    // when
    driver.wait(DeciderProcessor.TICK);

    // then
    assertThat(TopologyDriver.size(driver.jobs())).isZero();
    assertThat(TopologyDriver.size(driver.deadlines())).isZero();
    assertThat(events()).hasSize(3);
    assertThat(driver.read(Topics.REJECTIONS)).isEmpty();
  }

  @Test
  void shouldKeepOneDeadlinePerJob() {
    driver.give(0, submit());
    driver.give(1, start(1));
    driver.give(2, release(1));
    driver.give(3, start(2));
    driver.give(4, fail(2));
    driver.give(5, retry());
    driver.give(6, cancel());

    assertThat(TopologyDriver.size(driver.jobs())).isEqualTo(1);
    assertThat(TopologyDriver.size(driver.deadlines())).isEqualTo(1);
  }

  private List<String> events() {
    return driver.messages(Topics.EVENTS).stream()
        .map(JobEvent.class::cast)
        .map(event -> event.getClass().getSimpleName() + " " + event.meta().sequence())
        .toList();
  }
}
