package io.tallyman.runner.docker;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.runner.attempt.Attempt;
import io.tallyman.runner.attempt.AttemptId;
import io.tallyman.runner.attempt.AttemptRuntime;
import io.tallyman.runner.attempt.Await;
import io.tallyman.runner.attempt.FailureCode;
import io.tallyman.runner.attempt.Left;
import io.tallyman.runner.attempt.Outcome.Failed;
import io.tallyman.runner.attempt.Outcome.Stopped;
import io.tallyman.runner.attempt.Outcome.Succeeded;
import io.tallyman.runner.attempt.RecordedOutput;
import io.tallyman.runner.attempt.RuntimeFixture;
import io.tallyman.runner.attempt.StopSignal;
import io.tallyman.runner.files.JobFolders;
import io.tallyman.runner.http.Transfers;
import io.tallyman.schemas.job.JobOutput.Channel;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.schemas.job.RunnerId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Containers that outlive the process of the runner that started them. */
@Timeout(120)
class OrphanContainersIT extends RuntimeFixture {

  private static DockerEngine engine;

  @TempDir private Path earlierRoot;

  private final RunnerId runner = new RunnerId("it-" + UUID.randomUUID());
  private DockerRuntime runtime;

  @BeforeAll
  static void findEngine() {
    engine = TestEngine.require();
  }

  @AfterAll
  static void closeEngine() {
    if (engine != null) {
      engine.close();
    }
  }

  @BeforeEach
  void start() {
    runtime =
        new DockerRuntime(TestEngine.HOST, runner, new JobFolders(root, Transfers.onLoopback()), 2);
  }

  @AfterEach
  void close() {
    runtime.reap().orphans().forEach(orphan -> runtime.discard(orphan.id()));
    runtime.close();
  }

  @Override
  protected AttemptRuntime runtime() {
    return runtime;
  }

  @Override
  protected void assertNothingIsLeft(AttemptId id) {
    assertThat(
            engine
                .calls()
                .listContainersCmd()
                .withShowAll(true)
                .withNameFilter(List.of(id.containerName()))
                .exec())
        .isEmpty();
    assertThat(root).isEmptyDirectory();
  }

  @Test
  void shouldGoOnWithAContainerThatRuns() throws Exception {
    // given
    var attempt = leave("echo up; cat > input; sleep 3; echo down; cp input output.json");

    // when
    var left = runtime.reap();
    var outcome = runtime.resume(attempt, output, stop);

    // then
    assertThat(left)
        .isEqualTo(
            new Left(
                List.of(),
                List.of(
                    new Left.Orphan(
                        attempt.id(), attempt.endpoint().name(), INPUT, Duration.ofSeconds(30)))));
    assertThat(outcome).isEqualTo(new Succeeded(INPUT));
    assertThat(output.text(Channel.STDOUT)).isEqualTo("up\ndown\n");
    assertThat(output.text(Channel.RUNNER)).contains("once more");
    assertNothingIsLeft(attempt.id());
  }

  @Test
  void shouldTellWhatCameOfAContainerThatEndedMeanwhile() throws Exception {
    // given
    var good = leave("echo up; sleep 2; echo '{\"n\":1}'");
    var bad = leave("echo up; sleep 2; echo sorry >&2; exit 3");
    awaitEnd(good);
    awaitEnd(bad);

    // when
    var left = runtime.reap();

    // then
    assertThat(left.dead()).isEmpty();
    assertThat(left.orphans()).hasSize(2);
    assertThat(runtime.resume(good, output, stop))
        .isEqualTo(new Succeeded(RawJson.of("{\"n\":1}")));
    assertThat(runtime.resume(bad, output, stop))
        .isInstanceOfSatisfying(
            Failed.class,
            failed -> {
              assertThat(failed.code()).isEqualTo(FailureCode.EXIT_CODE);
              assertThat(failed.detail()).contains("got 3").endsWith("sorry");
            });
    assertNothingIsLeft(good.id());
    assertNothingIsLeft(bad.id());
  }

  @Test
  void shouldKeepNoMoreOfItsOutputThanTheLimit() throws Exception {
    // given a limit of 10000 bytes
    var attempt =
        leave(
            "echo up; sleep 2; i=0; while [ $i -lt 200 ]; do printf '%0100d\\n"
                + "' 0; i=$((i+1)); done");
    awaitEnd(attempt);
    runtime.reap();

    // when
    var _ = runtime.resume(attempt, output, stop);

    // then
    assertThat(output.text(Channel.STDOUT)).hasSize(10_000);
    assertThat(output.text(Channel.RUNNER)).contains("cut");
  }

  @Test
  void shouldKillItWhenToldToStopWhileItGoesOn() throws Exception {
    // given
    var attempt = leave("echo up; sleep 300");
    runtime.reap();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var resumed = threads.submit(() -> runtime.resume(attempt, output, stop));
      Await.until("it is heard", () -> output.text(Channel.STDOUT).equals("up\n"));

      // when
      stop.request();

      // then
      assertThat(resumed.get(20, TimeUnit.SECONDS)).isEqualTo(new Stopped());
    }
    assertNothingIsLeft(attempt.id());
  }

  @Test
  void shouldDiscardWhatMayNotGoOn() throws Exception {
    var attempt = leave("echo up; sleep 300");
    runtime.reap();

    runtime.discard(attempt.id());

    assertNothingIsLeft(attempt.id());
  }

  @Test
  void shouldReapWhatItCannotGoOnWith() throws Exception {
    // given one whose folder is gone, and one that may not have got all of its input
    var gone = leave("echo up; sleep 300");
    var unfed = leave("echo up; sleep 300");
    new JobFolders(root, Transfers.onLoopback()).discard(gone.id());
    Files.delete(root.resolve(unfed.id().containerName() + ".fed"));

    // when
    var left = runtime.reap();

    // then
    assertThat(left.orphans()).isEmpty();
    assertThat(left.dead()).containsExactlyInAnyOrder(gone.id(), unfed.id());
    assertNothingIsLeft(gone.id());
    assertNothingIsLeft(unfed.id());
  }

  /** An attempt that ran and said "up" when its runner's process went away, with its folder. */
  private Attempt leave(String script) throws Exception {
    var attempt = attempt(endpoint(script), INPUT);
    var heard = new RecordedOutput();
    try (var proxy = new EngineProxy(TestEngine.HOST);
        var earlier =
            new DockerRuntime(
                proxy.host(), runner, new JobFolders(earlierRoot, Transfers.onLoopback()), 2);
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var running = threads.submit(() -> earlier.run(attempt, heard, new StopSignal()));
      var name = attempt.id().containerName();
      Await.until(
          "it runs and was given its input",
          () ->
              heard.text(Channel.STDOUT).startsWith("up\n")
                  && Files.exists(earlierRoot.resolve(name + ".fed")));
      copy(earlierRoot.resolve(name), root.resolve(name));
      copy(earlierRoot.resolve(name + ".fed"), root.resolve(name + ".fed"));
      proxy.cut(true);
      var _ = running.get(30, TimeUnit.SECONDS);
    }
    return attempt;
  }

  private static void awaitEnd(Attempt attempt) {
    Await.until(
        "it ended",
        () ->
            "exited"
                .equals(
                    engine
                        .calls()
                        .inspectContainerCmd(attempt.id().containerName())
                        .exec()
                        .getState()
                        .getStatus()));
  }

  private static void copy(Path from, Path to) throws IOException {
    try (var paths = Files.walk(from)) {
      for (var path : paths.toList()) {
        Files.copy(path, to.resolve(from.relativize(path).toString()));
      }
    }
  }
}
