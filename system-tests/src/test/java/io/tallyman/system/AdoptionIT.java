package io.tallyman.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.model.Container;
import io.tallyman.schemas.job.JobStatus;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.testcontainers.DockerClientFactory;

/** Containers go on without their runner, and the next process under its name goes on with them. */
class AdoptionIT {

  private static final Duration LIMIT = Duration.ofSeconds(90);

  @TempDir private Path folder;

  private final String runnerId = "it-" + UUID.randomUUID();
  private DockerClient engine;

  @BeforeEach
  void requireEngine() throws Exception {
    Containers.requireEngine();
    engine = DockerClientFactory.lazyClient();
    BusyboxImage.require(engine);
  }

  @Test
  void shouldCompleteTheFirstAttemptOfAKilledRunnerWhenItIsStartedAgain() throws Exception {
    try (var services =
        new ServiceProcesses(
            folder, Map.of("TALLY_RUNNER_RUNTIME", "docker", "TALLY_RUNNER_ID", runnerId))) {
      // given one that runs on while nobody looks, and one that ends then
      var runner = services.startRunner();
      var longer = services.submit(40);
      var shorter = services.submit(10);
      var running = awaitRunning(2);

      // when
      runner.kill();
      Await.until(LIMIT, () -> "the shorter one runs", () -> states().contains("exited"));
      services.startRunner();

      // then the same container is still at it
      assertThat(containers()).extracting(Container::getId).containsAnyElementsOf(running);
      for (var job : List.of(shorter, longer)) {
        awaitCompleted(services.url("/status-sync/" + job + "?wait=5000"), services.history(job));
        assertThat(services.history(job)).doesNotContain("job.requeued");
      }
      Await.until(LIMIT, () -> "containers are left: " + states(), () -> states().isEmpty());
    }
  }

  @Test
  void shouldKillTheContainerWhenItsAttemptIsOverBeforeTheRunnerIsBack() throws Exception {
    try (var services =
        new ServiceProcesses(
            folder, Map.of("TALLY_RUNNER_RUNTIME", "docker", "TALLY_RUNNER_ID", runnerId))) {
      // given
      var runner = services.startRunner();
      var job = services.submit(600);
      awaitRunning(1);
      runner.kill();

      // when
      var _ = Http.post(services.url("/cancel/" + job), "");
      services.startRunner();

      // then
      Await.until(LIMIT, () -> "containers are left: " + states(), () -> states().isEmpty());
      assertThat(services.history(job)).contains("job.cancelled");
    }
  }

  @Test
  void shouldGoOnWithItsContainersWhenDevIsKilledAndStartedAgain() throws Exception {
    // given a lease that outlasts a restart on a crowded machine
    var environment = Map.of("TALLY_RUNNER_ID", runnerId, "TALLY_LEASE", "2m");
    var data = folder.resolve("data");
    Files.createDirectories(data);
    String job;
    List<String> running;
    try (var tally = Tally.dev(environment, data, "--runtime", "docker")) {
      job =
          Http.view(
                  Http.post(
                      tally.apiUrl() + "/v2/default/run",
                      "{\"input\":{\"name\":\"Ada\",\"sleep\":40}}"))
              .id()
              .value();
      running = awaitRunning(1);

      // when
      tally.kill();
    }
    try (var tally = Tally.dev(environment, data, "--runtime", "docker")) {
      // then
      var base = tally.apiUrl() + "/v2/default";
      assertThat(containers()).extracting(Container::getId).containsExactlyElementsOf(running);
      awaitCompleted(
          base + "/status-sync/" + job + "?wait=5000", String.join("\n", tally.output()));
      assertThat(Http.get(base + "/history/" + job).body()).doesNotContain("job.requeued");
    }
  }

  private static void awaitCompleted(String url, String otherwise) {
    Await.until(
        LIMIT,
        () -> otherwise,
        () -> {
          var view = Http.view(Http.get(url));
          return view.status() == JobStatus.COMPLETED && view.retries().orElse(0) == 0;
        });
  }

  /** The ids of the containers, once so many run. */
  private List<String> awaitRunning(int count) {
    Await.until(
        LIMIT,
        () -> "there are " + states(),
        () -> states().stream().filter("running"::equals).count() == count);
    return containers().stream().map(Container::getId).toList();
  }

  private List<String> states() {
    return containers().stream().map(Container::getState).toList();
  }

  private List<Container> containers() {
    return engine
        .listContainersCmd()
        .withShowAll(true)
        .withLabelFilter(Map.of("tallyman.runner", runnerId))
        .exec();
  }
}
