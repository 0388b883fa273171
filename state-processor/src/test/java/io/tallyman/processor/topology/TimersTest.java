package io.tallyman.processor.topology;

import static io.tallyman.processor.Jobs.EXECUTION_TIMEOUT;
import static io.tallyman.processor.Jobs.JOB;
import static io.tallyman.processor.Jobs.RUNNER;
import static io.tallyman.processor.Jobs.TTL;
import static io.tallyman.processor.Jobs.complete;
import static io.tallyman.processor.Jobs.expire;
import static io.tallyman.processor.Jobs.start;
import static io.tallyman.processor.Jobs.submit;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.tallyman.processor.topology.TopologyDriver.Read;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.job.JobCommand.Expire;
import io.tallyman.schemas.job.JobEvent.JobTimedOut;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.RunnerControl;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Deadlines become commands, and these become events. */
class TimersTest {

  private static final Duration MILLISECOND = Duration.ofMillis(1);

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
  void shouldTimeOutInTheQueueWhenTheTtlPasses() {
    // given
    driver.give(0, submit());

    // when
    driver.wait(TTL.minus(MILLISECOND));
    driver.read(Topics.COMMANDS);
    assertThat(timedOut()).as("too early").isEmpty();
    driver.wait(DeciderProcessor.TICK);

    // then
    assertThat(driver.read(Topics.COMMANDS))
        .extracting(Read::key, Read::message, read -> read.headers().get("ce_source"))
        .containsExactly(tuple("job-1", new Expire(JOB), "/state-processor"));
    assertThat(timedOut())
        .singleElement()
        .satisfies(it -> assertThat(it.error()).startsWith("ttl: "));
    assertThat(driver.read(Topics.CONTROL)).isEmpty();
  }

  @Test
  void shouldTimeOutAndStopTheRunnerWhenTheExecutionTimeoutPasses() {
    // given
    driver.give(0, submit());
    driver.give(5, start(1));
    driver.messages(Topics.CONTROL);

    // when
    driver.wait(EXECUTION_TIMEOUT.minus(MILLISECOND));
    assertThat(timedOut()).as("too early").isEmpty();
    driver.wait(DeciderProcessor.TICK);

    // then
    assertThat(timedOut())
        .singleElement()
        .satisfies(it -> assertThat(it.error()).startsWith("execution_timeout: "));
    assertThat(driver.messages(Topics.CONTROL))
        .containsExactly(new RunnerControl.Stop(RUNNER, JOB, 1, "the job ran out of time"));
  }

  @Test
  void shouldNotTimeOutWhenItEndedBefore() {
    driver.give(0, submit());
    driver.give(1, start(1));
    driver.give(2, complete(1));

    driver.wait(TTL.multipliedBy(2));

    assertThat(timedOut()).isEmpty();
  }

  @Test
  void shouldSetTheTimerAgainWhenTheBrokersClockIsBehind() {
    // given a timer that has fired: its entry was taken
    driver.give(0, submit());
    try (var all = driver.deadlines().all()) {
      all.forEachRemaining(entry -> driver.deadlines().delete(entry.key));
    }

    // when the broker says it is earlier
    driver.give(TTL.minus(MILLISECOND), expire());

    // then
    assertThat(timedOut()).isEmpty();
    driver.wait(TTL);
    assertThat(timedOut()).hasSize(1);
  }

  @Test
  void shouldChangeNothingWhenATimerFiresTwice() {
    driver.give(0, submit());
    driver.give(TTL, expire());
    driver.give(TTL.plus(MILLISECOND), expire());
    driver.wait(TTL.multipliedBy(2));

    assertThat(timedOut()).hasSize(1);
    assertThat(driver.read(Topics.REJECTIONS)).isEmpty();
  }

  @Test
  void shouldTakeABoundedNumberPerTickAndAllInTheEnd() {
    // given
    for (var i = 0; i < DeciderProcessor.DUE_PER_TICK + 5; i++) {
      driver.give(Duration.ofMillis(i % 10), submit(new JobId("job-" + i)));
    }

    // when, then
    driver.wait(TTL.plusSeconds(1));
    assertThat(timedOut()).hasSize(DeciderProcessor.DUE_PER_TICK);
    driver.wait(DeciderProcessor.TICK);
    assertThat(timedOut()).hasSize(5);
    driver.wait(DeciderProcessor.TICK);
    assertThat(timedOut()).isEmpty();
  }

  @Test
  void shouldFireAShortDeadlineThatWasSetAfterALaterOneFired() {
    // given the processor's clock is far ahead of the job's
    driver.give(0, submit(new JobId("early")));
    driver.wait(TTL.plusSeconds(30));
    assertThat(timedOut()).hasSize(1);

    // when a command that waited is decided now
    driver.give(1, submit(new JobId("late")));
    driver.wait(DeciderProcessor.TICK);

    // then
    assertThat(timedOut()).extracting(it -> it.meta().jobId().value()).containsExactly("late");
  }

  @Test
  void shouldGoByTheBrokersClockWhenItsOwnIsBehind() {
    // given the broker is an hour ahead
    var ahead = Duration.ofHours(1);
    driver.give(ahead, submit());
    driver.wait(TTL.minus(MILLISECOND));
    assertThat(timedOut()).as("too early").isEmpty();

    // when
    driver.wait(DeciderProcessor.TICK);

    // then
    assertThat(timedOut()).hasSize(1);
  }

  @Test
  void shouldAskTheBrokerForTheTimeWhenItStartsWithDeadlinesOfAnEarlierProcess() {
    // given
    driver.give(0, submit());
    driver = driver.restarted(folder.resolve("restarted"));

    // when
    driver.wait(DeciderProcessor.TICK);
    assertThat(driver.messages(Topics.COMMANDS)).containsExactly(new Expire(JOB));
    assertThat(timedOut()).isEmpty();
    driver.wait(TTL);

    // then
    assertThat(timedOut()).hasSize(1);
  }

  private List<JobTimedOut> timedOut() {
    return driver.messages(Topics.EVENTS).stream()
        .filter(JobTimedOut.class::isInstance)
        .map(JobTimedOut.class::cast)
        .toList();
  }
}
