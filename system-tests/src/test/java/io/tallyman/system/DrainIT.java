package io.tallyman.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.schemas.job.JobStatus;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Services that are told to stop while they are at something. */
class DrainIT {

  /** The promise. */
  private static final Duration EXIT = Duration.ofSeconds(20);

  @TempDir private Path folder;

  private ServiceProcesses services;

  @BeforeEach
  void start() throws Exception {
    services =
        new ServiceProcesses(
            folder, Map.of("TALLY_RUNNER_RUNTIME", "process", "TALLY_RUNNER_ID", "drained-runner"));
  }

  @AfterEach
  void stop() {
    services.close();
  }

  @Test
  void shouldFinishWhatEndsInTimeWhenItsRunnerIsTerminated() {
    // given
    var runner = services.startRunner();
    var job = services.submit(3);

    // when
    runner.signal("TERM");

    // then
    assertThat(runner.awaitExit(EXIT)).as(() -> String.join("\n", runner.output())).isZero();
    var view = Http.view(Http.get(services.url("/status-sync/" + job + "?wait=5000")));
    assertThat(view.status()).isEqualTo(JobStatus.COMPLETED);
    assertThat(view.retries().orElse(0)).isZero();
    assertThat(services.history(job)).doesNotContain("job.requeued");
  }

  @Test
  void shouldHandBackWhatDoesNotEndInTimeWhenItsRunnerIsTerminated() {
    // given
    var runner = services.startRunner();
    var job = services.submit(60);

    // when
    runner.signal("TERM");

    // then
    assertThat(runner.awaitExit(EXIT)).as(() -> String.join("\n", runner.output())).isZero();
    awaitHandedBack(job);
  }

  @Test
  void shouldHandBackAtOnceWhenItsRunnerIsTerminatedTwice() {
    // given
    var runner = services.startRunner();
    var job = services.submit(60);

    // when
    runner.signal("TERM");
    runner.awaitLine(line -> line.contains("may go on"));
    var second = System.nanoTime();
    runner.signal("TERM");

    // then
    assertThat(runner.awaitExit(EXIT)).as(() -> String.join("\n", runner.output())).isZero();
    assertThat(Duration.ofNanos(System.nanoTime() - second)).isLessThan(Duration.ofSeconds(7));
    awaitHandedBack(job);
  }

  @Test
  void shouldAnswerWhoWaitsWhenTheApiIsTerminated() throws Exception {
    // given a request that would wait for a minute
    var job = Http.view(Http.post(services.url("/run"), "{\"input\":1}")).id().value();
    var waiting =
        CompletableFuture.supplyAsync(
            () -> Http.get(services.url("/status-sync/" + job + "?wait=60000")),
            Thread::startVirtualThread);
    // A second one, answered behind it, shows that the api has it.
    var _ = Http.get(services.url("/status-sync/" + job + "?wait=1000"));

    // when
    services.api().signal("TERM");

    // then
    assertThat(waiting.get(20, TimeUnit.SECONDS).statusCode()).isIn(200, 503);
    assertThat(services.api().awaitExit(EXIT))
        .as(() -> String.join("\n", services.api().output()))
        .isZero();
  }

  /** The runner is gone when Kafka has its word; the state-processor decides on it after that. */
  private void awaitHandedBack(String job) {
    Await.until(
        Duration.ofSeconds(10),
        () -> services.history(job),
        () -> services.history(job).contains("runner_stopped: "));
    assertThat(services.history(job)).contains("job.requeued");
  }
}
