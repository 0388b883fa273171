package io.tallyman.runner;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.embedded.EmbeddedKafka;
import io.tallyman.embedded.FreePort;
import io.tallyman.runner.attempt.Await;
import io.tallyman.runtime.Service.Health;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobCommand.Complete;
import io.tallyman.schemas.job.JobCommand.Fail;
import io.tallyman.schemas.job.JobCommand.Release;
import io.tallyman.schemas.job.JobCommand.Renew;
import io.tallyman.schemas.job.JobCommand.Start;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobOutput.Channel;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.schemas.job.RunnerHeartbeat.Serving;
import io.tallyman.schemas.kafka.Records;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A runner on a real broker, with the test in the place of the state-processor. */
@Timeout(120)
class RunnerIT extends RunnerFixture {

  private static final Duration LIMIT = Duration.ofMinutes(5);

  @Test
  void shouldRunAnAttemptOnlyWhenToldAndReportItsResult() {
    // given
    start(2, 1);
    var job = processor.dispatch("{\"name\":\"Ada\"}", false);

    // when it asked, and was not answered
    var start = processor.await(Start.class, job);
    processor.listen(Duration.ofSeconds(1));
    assertThat(processor.commands()).containsExactly(start);
    processor.run(start, LIMIT);

    // then
    var complete = processor.await(Complete.class, job);
    assertThat(complete)
        .isEqualTo(
            new Complete(job, 1, start.runner(), RawJson.of("{\"greeting\":\"Hello, Ada!\"}")));
    assertThat(processor.awaitOutput(job, "greeting Ada"))
        .satisfies(
            output -> {
              assertThat(output.channel()).isEqualTo(Channel.STDOUT);
              assertThat(output.attempt()).isEqualTo(1);
            });
  }

  @Test
  void shouldReportAFailureWithItsCode() {
    start(1, 1);
    var job = processor.dispatch("{\"fail\":true}", false);

    processor.run(processor.await(Start.class, job), LIMIT);

    assertThat(processor.await(Fail.class, job).error())
        .startsWith("exit_code: ")
        .endsWith("the input says \"fail\": true");
  }

  @Test
  void shouldTakeNoMoreAttemptsThanSlotsAndTellHowManyRun() {
    // given
    start(1, 1);
    var first = processor.dispatch("{\"sleep\":300}", false);
    var start = processor.await(Start.class, first);
    processor.run(start, LIMIT);
    processor.dispatch("{}", false);
    processor.dispatch("{}", true);

    // when
    var heartbeat =
        processor.awaitHeartbeat(
            one -> one.running().equals(List.of(new Serving(EndpointName.DEFAULT, 1))));
    processor.listen(Duration.ofSeconds(2));

    // then
    assertThat(processor.commands()).containsExactly(start);
    assertThat(heartbeat.slots()).isEqualTo(1);
    assertThat(heartbeat.runtime()).isEqualTo("process");
    assertThat(heartbeat.runner()).isEqualTo(start.runner());

    // when stopped while it runs, its slot is free for the others, the normal one first
    processor.awaitStart();
    processor.stop(start.runner(), first);
    var second = processor.awaitStart();
    processor.run(second, LIMIT);
    processor.await(Complete.class, second.jobId());
    var third = processor.awaitStart();
    processor.run(third, LIMIT);
    processor.await(Complete.class, third.jobId());
    assertThat(processor.commands())
        .noneMatch(command -> !(command instanceof Start) && command.jobId().equals(first));
  }

  @Test
  void shouldLeaveWorkToOthersWhileItHasNoFreeSlot() {
    // given two runners of one slot, one of them busy for long
    start(1, 1);
    start(1, 1);
    var busy = processor.await(Start.class, processor.dispatch("{\"sleep\":300}", false));
    processor.run(busy, LIMIT);

    // when more jobs come, on every partition
    var jobs = new HashSet<JobId>();
    for (int i = 0; i < 12; i++) {
      jobs.add(processor.dispatch("{}", false));
    }
    while (!jobs.isEmpty()) {
      var start = processor.awaitStart();
      if (jobs.remove(start.jobId())) {
        assertThat(start.runner()).isNotEqualTo(busy.runner());
        processor.run(start, LIMIT);
        processor.await(Complete.class, start.jobId());
      }
    }
  }

  @Test
  void shouldForgetAnAttemptThatMayNotRun() {
    // given
    start(1, 1);
    var job = processor.dispatch("{}", false);
    var start = processor.await(Start.class, job);

    // when
    processor.stop(start.runner(), job);

    // then its slot is free
    var next = processor.dispatch("{}", false);
    processor.run(processor.await(Start.class, next), LIMIT);
    processor.await(Complete.class, next);
    assertThat(processor.commands())
        .noneMatch(command -> !(command instanceof Start) && command.jobId().equals(job));
  }

  @Test
  void shouldKillAnAttemptThatIsPastItsDeadlineWithoutReporting() {
    // given
    start(1, 1);
    var job = processor.dispatch("{\"sleep\":300}", false);

    // when
    processor.run(processor.await(Start.class, job), Duration.ofMillis(500));

    // then
    processor.awaitHeartbeat(one -> one.running().getFirst().running() == 1);
    processor.awaitHeartbeat(one -> one.running().getFirst().running() == 0);
    assertThat(processor.commands()).hasSize(1).first().isInstanceOf(Start.class);
  }

  @Test
  void shouldRenewTheLeaseOfWhatRuns() {
    // given
    start(1, 1);
    var job = processor.dispatch("{\"sleep\":300}", false);

    // when
    processor.run(processor.await(Start.class, job), LIMIT, Duration.ofSeconds(6));

    // then
    assertThat(processor.await(Renew.class, job).attempt()).isEqualTo(1);
  }

  @Test
  void shouldHandBackWhatItIsToldToRunButDoesNotHave() {
    // given
    var runner = start(1, 1);
    var unknown = new JobId("it-" + UUID.randomUUID());

    // when
    processor.run(new Start(unknown, 3, runner), LIMIT);

    // then
    assertThat(processor.await(Release.class, unknown))
        .satisfies(
            release -> {
              assertThat(release.attempt()).isEqualTo(3);
              assertThat(release.reason()).startsWith("runner_restarted: ");
            });
  }

  @Test
  void shouldPutAwayARecordThatNobodyCanReadAndGoOn() {
    // given
    start(1, 1);

    // when
    processor.dispatchGarbage();
    var job = processor.dispatch("{}", false);

    // then
    processor.run(processor.await(Start.class, job), LIMIT);
    processor.await(Complete.class, job);
    var letter = processor.awaitDeadLetter();
    assertThat(letter.value()).containsExactly(1, 2);
    assertThat(Records.text(letter.headers(), "tallyman-origin"))
        .startsWith("job-dispatch.default-");
    assertThat(Records.text(letter.headers(), "tallyman-service")).isEqualTo("worker-runner");
  }

  @Test
  void shouldHaveAJobDispatchedAnewBeforeTheBrokerForgetsIt() {
    // given
    var runner = start(1, 1);

    // when
    var job = processor.dispatchUnwanted();

    // then
    var release = processor.await(Release.class, job);
    assertThat(release.runner()).isEqualTo(runner);
    assertThat(release.reason()).startsWith("not_taken: ");
    assertThat(processor.commands()).containsExactly(new Start(job, 1, runner), release);

    // and the runner goes on
    var next = processor.dispatch("{}", false);
    processor.run(processor.await(Start.class, next), LIMIT);
    processor.await(Complete.class, next);
  }

  @Test
  void shouldRunLowPriorityWhenNothingElseWaits() {
    start(1, 1);
    var low = processor.dispatch("{}", true);

    processor.run(processor.await(Start.class, low), LIMIT);

    processor.await(Complete.class, low);
  }

  @Test
  void shouldHandBackWhatItHoldsWithinFourSecondsWhenItStops() {
    // given one that runs and one that waits
    start(2, 1);
    var running = processor.dispatch("{\"sleep\":300}", false);
    processor.run(processor.await(Start.class, running), LIMIT);
    processor.awaitOutput(running, "greeting");
    var waiting = processor.dispatch("{}", false);
    processor.await(Start.class, waiting);

    // when
    var before = System.nanoTime();
    runners.removeFirst().close();

    // then
    assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(4));
    assertThat(processor.await(Release.class, running).reason()).startsWith("runner_stopped: ");
    assertThat(processor.await(Release.class, waiting).reason()).startsWith("runner_stopped: ");
  }

  @Test
  void shouldAskAgainWhenItsStartIsNotAnswered() {
    start(1, 1);
    var job = processor.dispatch("{}", false);

    processor.awaitStart();
    var again = processor.awaitStart();

    assertThat(again.jobId()).isEqualTo(job);
    processor.run(again, LIMIT);
    processor.run(again, LIMIT);
    processor.await(Complete.class, job);
  }

  @Test
  void shouldStartWithoutKafkaAndSayWhatIsMissing() throws Exception {
    // given nothing listens there
    var port = FreePort.find();
    var runner = Runner.start(settings("127.0.0.1:" + port, 1, 1));
    runners.add(runner);
    assertThat(runner.health())
        .anySatisfy(
            one -> {
              assertThat(one.name()).isEqualTo("kafka");
              assertThat(one.isReady()).isFalse();
            });

    // when
    try (var late = EmbeddedKafka.start(dataDir.resolve("late"), port)) {
      // then
      Await.until("ready", () -> runner.health().stream().allMatch(Health::isReady));
      assertThat(late.bootstrapServers()).endsWith(":" + port);
      runners.remove(runner);
      runner.close();
    }
  }

  @Test
  void shouldRunManyAtOnceInBatches() {
    // given a runtime that costs nothing
    var runner = Runner.start(settings(kafka.bootstrapServers(), 256, 32), new NoRuntime());
    runners.add(runner);
    awaitReady(runner);
    var jobs = new HashSet<JobId>();
    for (int i = 0; i < 500; i++) {
      jobs.add(processor.dispatch("{}", false));
    }

    // when
    var starts = new ArrayList<Start>();
    while (starts.size() < jobs.size()) {
      var start = processor.awaitStart();
      starts.add(start);
      processor.run(start, LIMIT);
    }

    // then
    jobs.forEach(job -> processor.await(Complete.class, job));
    assertThat(processor.commands()).hasSize(2 * jobs.size());
  }
}
