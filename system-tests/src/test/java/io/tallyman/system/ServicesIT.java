package io.tallyman.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.embedded.EmbeddedKafka;
import io.tallyman.embedded.EmbeddedRedis;
import io.tallyman.embedded.FreePort;
import io.tallyman.runtime.kafka.KafkaSettings;
import io.tallyman.schemas.job.JobStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each service as its own process, as an operator runs them, with plugs pulled. */
class ServicesIT {

  private static final Duration LIMIT = Duration.ofSeconds(60);

  /** 15 s is the promise, on a quiet machine; a build beside the test is no failure of failover. */
  private static final Duration FAILOVER_LIMIT = Duration.ofSeconds(25);

  @TempDir Path folder;

  private EmbeddedKafka kafka;
  private EmbeddedRedis redis;
  private Tally api;
  private Tally processor;
  private Tally runner;
  private Tally dispatcher;
  private final int apiPort = FreePort.find();
  private final Map<String, Integer> healthPorts = new HashMap<>();

  @BeforeEach
  void start() throws IOException {
    kafka = EmbeddedKafka.start(folder.resolve("kafka"));
    redis = EmbeddedRedis.start(folder.resolve("redis"));
    var endpoints = folder.resolve("endpoints.yaml");
    Files.writeString(
        endpoints,
        """
        endpoints:
          default:
            image: busybox:latest
            command:
              - sh
              - -c
              - |
                if [ "$TALLY_ATTEMPT" = 1 ]; then
                  grep -q slow input.json && exec sleep 4321
                fi
                echo '{}' > output.json
            webhook: {delay: 200ms, attempts: 10}
        """);
    api = service("api");
    processor = service("state-processor");
    runner = service("worker-runner");
    dispatcher = service("webhook-dispatcher");
    awaitReady("http://127.0.0.1:" + apiPort);
    for (var port : healthPorts.values()) {
      awaitReady("http://127.0.0.1:" + port);
    }
  }

  @AfterEach
  void stop() {
    for (var service : List.of(api, runner, dispatcher, processor)) {
      service.close();
    }
    redis.close();
    kafka.close();
  }

  @Test
  void shouldLoseNoJobAndNoWebhookWhenProcessorAndDispatcherAreKilled() throws Exception {
    try (var receiver = new Receiver()) {
      // given
      var jobs =
          IntStream.range(0, 40)
              .mapToObj(
                  i -> {
                    // when
                    if (i == 10) {
                      processor.kill();
                      processor = service("state-processor");
                    }
                    if (i == 20) {
                      dispatcher.kill();
                      dispatcher = service("webhook-dispatcher");
                    }
                    return Http.view(
                            Http.post(
                                url("/run"),
                                "{\"input\":{},\"webhook\":\"%s\"}".formatted(receiver.url())))
                        .id()
                        .value();
                  })
              .toList();

      // then
      for (var job : jobs) {
        Await.until(
            LIMIT,
            () -> Http.get(url("/history/" + job)).body(),
            () ->
                Http.view(Http.get(url("/status-sync/" + job + "?wait=5000"))).status()
                    == JobStatus.COMPLETED);
        Await.until(
            LIMIT,
            () -> "received " + receiver.bodiesOf(job),
            () -> receiver.bodiesOf(job).stream().anyMatch(body -> body.contains("COMPLETED")));
        assertThat(receiver.statesOf(job)).containsExactly("IN_QUEUE", "IN_PROGRESS", "COMPLETED");
      }
    }
  }

  @Test
  void shouldDeliverBeforeItsSessionEndsWhenADispatcherIsKilledAndStartedAgain() throws Exception {
    try (var receiver = new Receiver()) {
      // given
      var killedAt = System.nanoTime();

      // when
      dispatcher.kill();
      dispatcher = service("webhook-dispatcher");

      // then
      var job =
          Http.view(
                  Http.post(
                      url("/run"), "{\"input\":{},\"webhook\":\"%s\"}".formatted(receiver.url())))
              .id()
              .value();
      Await.until(
          LIMIT,
          () -> String.join("\n", dispatcher.output()),
          () -> !receiver.bodiesOf(job).isEmpty());
      assertThat(Duration.ofNanos(System.nanoTime() - killedAt))
          .isLessThan(Duration.ofMillis(KafkaSettings.SESSION_TIMEOUT_MS));
    }
  }

  @Test
  void shouldGoOnSoonWhenOneOfTwoProcessorsIsKilled() {
    // given
    try (var second = service("state-processor", "second-processor")) {
      awaitReady("http://127.0.0.1:" + healthPorts.get("second-processor"));

      // when
      processor.kill();
      var killedAt = System.nanoTime();

      // then
      var jobs =
          IntStream.range(0, 20)
              .mapToObj(_ -> Http.view(Http.post(url("/run"), "{\"input\":{}}")).id().value())
              .toList();
      for (var job : jobs) {
        Await.until(
            LIMIT,
            () -> job + " is not completed: " + String.join("\n", second.output()),
            () ->
                Http.view(Http.get(url("/status-sync/" + job + "?wait=5000"))).status()
                    == JobStatus.COMPLETED);
      }
      assertThat(Duration.ofNanos(System.nanoTime() - killedAt))
          .as("from the kill to the end of 20 jobs")
          .isLessThan(FAILOVER_LIMIT);
    }
  }

  @Test
  void shouldGiveTheJobToAnotherRunnerWhenItsRunnerIsKilled() {
    // given
    var job = submitSlow();
    var second = service("worker-runner", "second-runner");
    try (second) {
      // when
      runner.kill();

      // then
      awaitCompletedBy("second-runner", job);
      assertThat(Http.get(url("/history/" + job)).body())
          .contains("lease_lost: runner 'worker-runner' was not heard of for 6000 ms");
    } finally {
      attemptProcesses().forEach(ProcessHandle::destroyForcibly);
    }
  }

  @Test
  void shouldStopTheAttemptOfARunnerThatWasFrozenBeyondItsLease() {
    // given
    var job = submitSlow();
    var second = service("worker-runner", "second-runner");
    try (second) {
      // when
      runner.signal("STOP");
      awaitCompletedBy("second-runner", job);
      assertThat(attemptProcesses()).as("a frozen runner cannot stop anything").isNotEmpty();
      runner.signal("CONT");

      // then
      Await.until(
          Duration.ofSeconds(10),
          () -> "the zombie's attempt runs on",
          () -> attemptProcesses().isEmpty());
      assertThat(Http.view(Http.get(url("/status/" + job))).status())
          .isEqualTo(JobStatus.COMPLETED);
    }
  }

  /** A job whose first attempt never ends; it runs when this returns. */
  private String submitSlow() {
    var job = Http.view(Http.post(url("/run"), "{\"input\":\"slow\"}")).id().value();
    Await.until(
        LIMIT, () -> Http.get(url("/history/" + job)).body(), () -> !attemptProcesses().isEmpty());
    return job;
  }

  private void awaitCompletedBy(String runnerId, String job) {
    Await.until(
        LIMIT,
        () -> Http.get(url("/history/" + job)).body(),
        () -> {
          var view = Http.view(Http.get(url("/status-sync/" + job + "?wait=5000")));
          return view.status() == JobStatus.COMPLETED
              && view.workerId().equals(Optional.of(runnerId))
              && view.retries().equals(Optional.of(1));
        });
  }

  /** What runs of first attempts of slow jobs. */
  private static List<ProcessHandle> attemptProcesses() {
    return ProcessHandle.allProcesses()
        .filter(process -> process.info().commandLine().orElse("").endsWith("sleep 4321"))
        .toList();
  }

  @Test
  void shouldExitCleanlyAndQuicklyWhenTerminated() {
    for (var service : List.of(runner, dispatcher, api, processor)) {
      // when
      service.signal("TERM");

      // then
      assertThat(service.awaitExit(Duration.ofSeconds(10)))
          .as(() -> String.join("\n", service.output()))
          .isZero();
    }
  }

  @Test
  void shouldRefuseToStartWhenASettingIsMisspelt() {
    try (var service = Tally.start(Map.of("TALLY_KAFKAA", "x"), "api")) {
      assertThat(service.awaitExit(Duration.ofSeconds(20))).isEqualTo(2);
      assertThat(service.output()).anyMatch(line -> line.contains("Did you mean TALLY_KAFKA?"));
    }
  }

  private Tally service(String name) {
    return service(name, name);
  }

  private Tally service(String name, String id) {
    var environment = new HashMap<String, String>();
    environment.put("TALLY_KAFKA", kafka.bootstrapServers());
    environment.put("TALLY_REDIS", redis.url());
    environment.put("TALLY_ALLOWED_NETWORKS", "127.0.0.0/8");
    environment.put("TALLY_ENDPOINTS_FILE", folder.resolve("endpoints.yaml").toString());
    environment.put("TALLY_DATA_DIR", folder.resolve(id).toString());
    environment.put("TALLY_JAVA_OPTS", "-Xmx256m");
    if (name.equals("state-processor")) {
      environment.put("TALLY_PROCESSOR_ID", id);
      environment.put("TALLY_LEASE", "6s");
    }
    if (name.equals("webhook-dispatcher")) {
      environment.put("TALLY_DISPATCHER_ID", id);
    }
    if (name.equals("api")) {
      environment.put("TALLY_API_PORT", Integer.toString(apiPort));
    } else {
      environment.put(
          "TALLY_HEALTH_PORT",
          Integer.toString(healthPorts.computeIfAbsent(id, _ -> FreePort.find())));
    }
    if (name.equals("worker-runner")) {
      environment.put("TALLY_RUNNER_RUNTIME", "process");
      environment.put("TALLY_RUNNER_ID", id);
    }
    return Tally.start(environment, name);
  }

  private String url(String path) {
    return "http://127.0.0.1:%d/v2/default%s".formatted(apiPort, path);
  }

  private static void awaitReady(String base) {
    Await.until(
        LIMIT, () -> base + " is not ready: " + readyz(base), () -> readyz(base).startsWith("200"));
  }

  private static String readyz(String base) {
    try {
      var response = Http.get(base + "/readyz");
      return response.statusCode() + " " + response.body();
    } catch (java.io.UncheckedIOException e) {
      return "no answer: " + e.getMessage();
    }
  }
}
