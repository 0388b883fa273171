package io.tallyman.system;

import io.tallyman.embedded.EmbeddedKafka;
import io.tallyman.embedded.EmbeddedRedis;
import io.tallyman.embedded.FreePort;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * An api, a state-processor and a runner, each its own process, whose jobs sleep for as many
 * seconds as their input says.
 */
final class ServiceProcesses implements AutoCloseable {

  private static final Duration LIMIT = Duration.ofSeconds(90);

  private final Path folder;
  private final Map<String, String> runnerSettings;
  private final EmbeddedKafka kafka;
  private final EmbeddedRedis redis;
  private final int apiPort = FreePort.find();
  private final List<Tally> started = new ArrayList<>();
  private final Tally api;

  /**
   * Starts them but for the runner.
   *
   * @param runnerSettings its variables, such as its id and runtime
   */
  ServiceProcesses(Path folder, Map<String, String> runnerSettings) throws IOException {
    this.folder = folder;
    this.runnerSettings = runnerSettings;
    this.kafka = EmbeddedKafka.start(folder.resolve("kafka"));
    this.redis = EmbeddedRedis.start(folder.resolve("redis"));
    Files.writeString(
        folder.resolve("endpoints.yaml"),
        """
        endpoints:
          default:
            image: busybox:latest
            command: [sh, -c, "echo up; sleep $(cat input.json); echo '{}' > output.json"]
        """);
    this.api = service("api", Map.of("TALLY_API_PORT", Integer.toString(apiPort)));
    // A lease that outlasts a restart on a crowded machine.
    service("state-processor", Map.of("TALLY_HEALTH_PORT", "0", "TALLY_LEASE", "2m"));
    awaitReady("http://127.0.0.1:" + apiPort);
  }

  /** The api's process. */
  Tally api() {
    return api;
  }

  /** Starts the runner, again after its end, and waits until it is ready. */
  Tally startRunner() {
    var port = FreePort.find();
    var settings = new HashMap<>(runnerSettings);
    settings.put("TALLY_HEALTH_PORT", Integer.toString(port));
    var runner = service("worker-runner", settings);
    awaitReady("http://127.0.0.1:" + port);
    return runner;
  }

  /** Submits a job of so many seconds and waits until it runs; its id. */
  String submit(int seconds) {
    var job = Http.view(Http.post(url("/run"), "{\"input\":%d}".formatted(seconds))).id().value();
    Await.until(LIMIT, () -> history(job), () -> history(job).contains("job.started"));
    return job;
  }

  /** All events of a job, as the API tells them. */
  String history(String job) {
    return Http.get(url("/history/" + job)).body();
  }

  /** {@code http://…/v2/default} and this. */
  String url(String path) {
    return "http://127.0.0.1:%d/v2/default%s".formatted(apiPort, path);
  }

  private Tally service(String name, Map<String, String> settings) {
    var environment = new HashMap<String, String>();
    environment.put("TALLY_KAFKA", kafka.bootstrapServers());
    environment.put("TALLY_REDIS", redis.url());
    environment.put("TALLY_ENDPOINTS_FILE", folder.resolve("endpoints.yaml").toString());
    environment.put("TALLY_DATA_DIR", folder.resolve(name).toString());
    environment.put("TALLY_JAVA_OPTS", "-Xmx256m");
    environment.putAll(settings);
    var service = Tally.start(environment, name);
    started.add(service);
    return service;
  }

  private static void awaitReady(String base) {
    Await.until(LIMIT, () -> base + " is not ready", () -> isReady(base));
  }

  private static boolean isReady(String base) {
    try {
      return Http.get(base + "/readyz").statusCode() == 200;
    } catch (UncheckedIOException _) {
      return false;
    }
  }

  @Override
  public void close() {
    started.reversed().forEach(Tally::close);
    redis.close();
    kafka.close();
  }
}
