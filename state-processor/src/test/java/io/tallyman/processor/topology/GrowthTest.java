package io.tallyman.processor.topology;

import static io.tallyman.processor.Jobs.EXECUTION_TIMEOUT;
import static io.tallyman.processor.Jobs.LEASE;
import static io.tallyman.processor.Jobs.MAX_ATTEMPTS;
import static io.tallyman.processor.Jobs.OUTPUT;
import static io.tallyman.processor.Jobs.RETENTION;
import static io.tallyman.processor.Jobs.RUNNER;
import static io.tallyman.processor.Jobs.T0;
import static io.tallyman.processor.Jobs.TTL;
import static io.tallyman.processor.Jobs.request;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.schemas.Topics;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobCommand;
import io.tallyman.schemas.job.JobCommand.Cancel;
import io.tallyman.schemas.job.JobCommand.Complete;
import io.tallyman.schemas.job.JobCommand.Expire;
import io.tallyman.schemas.job.JobCommand.Fail;
import io.tallyman.schemas.job.JobCommand.Release;
import io.tallyman.schemas.job.JobCommand.Renew;
import io.tallyman.schemas.job.JobCommand.Retry;
import io.tallyman.schemas.job.JobCommand.Start;
import io.tallyman.schemas.job.JobCommand.Submit;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobView;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the state-processor keeps, it keeps for a time: a store that misses one way to end a job
 * grows for ever, and nobody notices before the disk is full. See "What grows" in docs/topics.md.
 */
class GrowthTest {

  private static final int JOBS = 300;
  private static final int COMMANDS = 6_000;

  /** The first look at each due time comes this much late at the most. */
  private static final Duration STEP = Duration.ofSeconds(20);

  private final Random random = new Random(4711);

  @Test
  void shouldKeepNothingOfAnyJobWhenItsRetentionIsOver(@TempDir Path folder) {
    try (var driver = new TopologyDriver(folder)) {
      // given lives in which every command comes in every state, late and twice
      var elapsed = Duration.ZERO;
      for (var i = 0; i < COMMANDS; i++) {
        var step = Duration.ofMillis(random.nextInt(50));
        elapsed = elapsed.plus(step);
        driver.wait(step);
        driver.give(elapsed, anyCommand(new JobId("job-" + random.nextInt(JOBS))));
      }
      Poison.all()
          .forEach(
              it ->
                  driver.giveRaw(
                      it.record().key(), it.record().value(), it.record().headers(), T0));
      assertThat(TopologyDriver.size(driver.jobs())).isGreaterThan(JOBS / 2);
      assertThat(TopologyDriver.size(driver.deadlines()))
          .as("one deadline for each job")
          .isEqualTo(TopologyDriver.size(driver.jobs()));

      // when all have ended, and longer ago than they are remembered
      var longest =
          TTL.plus(EXECUTION_TIMEOUT)
              .plus(LEASE)
              .multipliedBy(MAX_ATTEMPTS)
              .plus(RETENTION)
              .plus(STEP.multipliedBy(2L * MAX_ATTEMPTS));
      for (var waited = Duration.ZERO; waited.compareTo(longest) < 0; waited = waited.plus(STEP)) {
        driver.wait(STEP);
      }

      // then
      assertThat(driver.stores())
          .hasSizeGreaterThanOrEqualTo(2)
          .allSatisfy((name, store) -> assertThat(TopologyDriver.size(store)).as(name).isZero());
      assertThat(driver.stores().keySet())
          .allSatisfy(
              name ->
                  assertThat(driver.compactedChangelog(name))
                      .as("what compaction leaves of the changelog of " + name)
                      .isEmpty());
      assertThat(waysToEnd(driver))
          .as("ways to end that were met")
          .containsExactlyInAnyOrder("JobCompleted", "JobFailed", "JobCancelled", "JobTimedOut");
    }
  }

  private JobCommand anyCommand(JobId job) {
    var attempt = 1 + random.nextInt(MAX_ATTEMPTS);
    return switch (random.nextInt(12)) {
      case 0, 1 ->
          new Submit(
              job,
              request(EndpointName.DEFAULT, random.nextBoolean() ? "f00d" : "beef", false),
              "api");
      case 2, 3, 4 -> new Start(job, attempt, RUNNER);
      case 5 -> new Complete(job, attempt, RUNNER, OUTPUT);
      case 6 -> new Fail(job, attempt, RUNNER, "exit_code: the container ended with 3");
      case 7 -> new Release(job, attempt, RUNNER, "why: it was so", random.nextBoolean());
      case 8 -> new Renew(job, attempt, RUNNER);
      case 9 -> new Cancel(job, "api");
      case 10 -> new Retry(job, "api");
      default -> new Expire(job);
    };
  }

  private static Set<String> waysToEnd(TopologyDriver driver) {
    return driver.messages(Topics.EVENTS).stream()
        .map(JobEvent.class::cast)
        .filter(event -> JobView.of(event).status().isTerminal())
        .map(event -> event.getClass().getSimpleName())
        .collect(Collectors.toSet());
  }
}
