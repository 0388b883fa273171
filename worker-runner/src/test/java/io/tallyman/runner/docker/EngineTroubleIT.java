package io.tallyman.runner.docker;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.model.Event;
import io.tallyman.runner.attempt.AttemptId;
import io.tallyman.runner.attempt.AttemptRuntime;
import io.tallyman.runner.attempt.Await;
import io.tallyman.runner.attempt.FailureCode;
import io.tallyman.runner.attempt.Outcome;
import io.tallyman.runner.attempt.Outcome.Failed;
import io.tallyman.runner.attempt.Outcome.Succeeded;
import io.tallyman.runner.attempt.RuntimeFixture;
import io.tallyman.runner.files.JobFolders;
import io.tallyman.runner.http.Transfers;
import io.tallyman.schemas.job.JobOutput.Channel;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.schemas.job.RunnerId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A real engine behind a bad connection, or with an operator at work. */
@Timeout(240)
class EngineTroubleIT extends RuntimeFixture {

  private static final int TRIALS = 20;

  private static DockerEngine engine;

  private final RunnerId runner = new RunnerId("it-" + UUID.randomUUID());
  private EngineProxy proxy;
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
  void start() throws Exception {
    proxy = new EngineProxy(TestEngine.HOST);
    runtime =
        new DockerRuntime(proxy.host(), runner, new JobFolders(root, Transfers.onLoopback()), 2);
  }

  @AfterEach
  void close() throws Exception {
    proxy.freeze(false);
    proxy.cut(false);
    runtime.reap();
    runtime.close();
    proxy.close();
  }

  @Override
  protected AttemptRuntime runtime() {
    return runtime;
  }

  @Override
  protected void assertNothingIsLeft(AttemptId id) {
    assertThat(isThere(id)).isFalse();
  }

  @Test
  void shouldRunExactlyOneContainerWhenTheAnswerToItsCreationIsLost() throws Exception {
    for (int i = 0; i < TRIALS; i++) {
      // given
      var attempt = attempt(endpoint("echo '{\"n\":1}'"), INPUT);
      var before = Instant.now();
      proxy.loseAnswersToCreations(1);

      // when
      var outcome = runtime.run(attempt, output, stop);

      // then
      assertThat(outcome).isEqualTo(new Succeeded(RawJson.of("{\"n\":1}")));
      assertThat(events(attempt.id(), before)).filteredOn("start"::equals).hasSize(1);
      assertThat(events(attempt.id(), before)).filteredOn("create"::equals).hasSize(2);
      assertNothingIsLeft(attempt.id());
    }
  }

  @Test
  void shouldFailAndRunNothingWhenTheAnswerIsLostAgain() throws Exception {
    // given
    var attempt = attempt(endpoint("echo ran"), INPUT);
    var before = Instant.now();
    proxy.loseAnswersToCreations(10);

    // when
    var outcome = runtime.run(attempt, output, stop);

    // then
    assertFailed(outcome, FailureCode.ENGINE_UNAVAILABLE, "Expected the Docker engine to");
    assertThat(events(attempt.id(), before)).doesNotContain("start");
    assertNothingIsLeft(attempt.id());
  }

  @Test
  void shouldWaitWhileTheEngineIsFrozenAndSayThatItIs() throws Exception {
    // given
    var attempt = attempt(endpoint("echo up; sleep 2; echo '{\"n\":1}'"), INPUT);
    var before = Instant.now();
    var running = start(attempt);
    Await.until("it runs", () -> output.text(Channel.STDOUT).equals("up\n"));

    // when
    proxy.freeze(true);
    Await.until("it ended", () -> events(attempt.id(), before).contains("die"));

    // then
    assertThat(runtime.health().isReady()).isFalse();
    assertThat(runtime.health().detail()).contains("does not answer");
    assertThat(running.isDone()).isFalse();

    // when
    proxy.freeze(false);

    // then
    assertThat(running.get(30, TimeUnit.SECONDS)).isEqualTo(new Succeeded(RawJson.of("{\"n\":1}")));
    assertThat(events(attempt.id(), before)).filteredOn("start"::equals).hasSize(1);
  }

  @Test
  void shouldFailWhenTheEngineGoesAwayAndRemoveTheContainerWhenItIsBack() throws Exception {
    // given
    var attempt = attempt(endpoint("echo up; sleep 300"), INPUT);
    var running = start(attempt);
    Await.until("it runs", () -> output.text(Channel.STDOUT).equals("up\n"));

    // when
    proxy.cut(true);

    // then
    assertFailed(
        running.get(30, TimeUnit.SECONDS),
        FailureCode.ENGINE_UNAVAILABLE,
        "Expected the Docker engine to");
    assertThat(isThere(attempt.id())).isTrue();

    // when
    proxy.cut(false);

    // then
    Await.until(
        "the container is gone", () -> runtime.health().isReady() && !isThere(attempt.id()));
  }

  @Test
  void shouldNameTheSignalWhenAnOperatorKillsTheContainer() throws Exception {
    // given
    var attempt = attempt(endpoint("echo up; sleep 300"), INPUT);
    var running = start(attempt);
    Await.until("it runs", () -> output.text(Channel.STDOUT).equals("up\n"));

    // when
    engine.calls().killContainerCmd(attempt.id().containerName()).exec();

    // then
    assertFailed(
        running.get(20, TimeUnit.SECONDS),
        FailureCode.EXIT_CODE,
        "got 137 (killed by signal 9, and not by its runner)");
    assertNothingIsLeft(attempt.id());
  }

  @Test
  void shouldFailWhenAnOperatorRemovesTheContainer() throws Exception {
    // given
    var attempt = attempt(endpoint("echo up; sleep 300"), INPUT);
    var running = start(attempt);
    Await.until("it runs", () -> output.text(Channel.STDOUT).equals("up\n"));

    // when
    engine.calls().removeContainerCmd(attempt.id().containerName()).withForce(true).exec();

    // then
    assertThat(running.get(20, TimeUnit.SECONDS))
        .isInstanceOfSatisfying(
            Failed.class,
            failed ->
                assertThat(failed.code())
                    .isIn(FailureCode.ENGINE_UNAVAILABLE, FailureCode.EXIT_CODE));
  }

  @Test
  void shouldKeepALimitedPartOfAFloodOfOutput() throws Exception {
    // given 256 MiB, and a limit of 10000 bytes
    var outcome =
        run("yes 0123456789012345678901234567890123456789 | head -c 268435456; echo; echo '[1]'");

    assertThat(outcome).isEqualTo(new Succeeded(RawJson.of("[1]")));
    assertThat(output.text(Channel.STDOUT)).hasSize(10_000);
    assertThat(output.text(Channel.RUNNER)).contains("cut");
  }

  private static void assertFailed(Outcome outcome, FailureCode code, String detail) {
    assertThat(outcome)
        .isInstanceOfSatisfying(
            Failed.class,
            failed -> {
              assertThat(failed.code()).isEqualTo(code);
              assertThat(failed.detail()).contains(detail);
            });
  }

  private static boolean isThere(AttemptId id) {
    return !engine
        .calls()
        .listContainersCmd()
        .withShowAll(true)
        .withNameFilter(List.of(id.containerName()))
        .exec()
        .isEmpty();
  }

  /** What the engine did to the container of this name, in its words. */
  private static List<String> events(AttemptId id, Instant since) {
    var actions = Collections.synchronizedList(new ArrayList<String>());
    var callback =
        new ResultCallback.Adapter<Event>() {
          @Override
          public void onNext(Event event) {
            actions.add(String.valueOf(event.getAction()));
          }
        };
    try (callback) {
      engine
          .streams()
          .eventsCmd()
          .withSince(Long.toString(since.getEpochSecond() - 1))
          .withUntil(Long.toString(Instant.now().getEpochSecond() + 1))
          .withContainerFilter(id.containerName())
          .exec(callback)
          .awaitCompletion(10, TimeUnit.SECONDS);
    } catch (java.io.IOException | InterruptedException e) {
      throw new AssertionError("Expected the engine's events", e);
    }
    return List.copyOf(actions);
  }
}
