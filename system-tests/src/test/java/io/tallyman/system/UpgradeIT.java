package io.tallyman.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.embedded.EmbeddedKafka;
import io.tallyman.embedded.EmbeddedRedis;
import io.tallyman.embedded.FreePort;
import io.tallyman.schemas.job.JobStatus;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The services of two versions side by side, one replaced after the other while jobs come. */
@Timeout(600)
class UpgradeIT {

  private static final Duration LIMIT = Duration.ofSeconds(60);

  /** The promise of every service. */
  private static final Duration EXIT = Duration.ofSeconds(20);

  /** Readers before writers: who learns a new event first is who reads it. Back the other way. */
  private static final List<String> ORDER =
      List.of("webhook-dispatcher", "api", "worker-runner", "state-processor");

  private static final Path THIS_VERSION = Path.of("").toAbsolutePath().getParent();
  private static final Pattern SEQUENCE = Pattern.compile("\"sequence\":(\\d+)");
  private static final Pattern STATUS = Pattern.compile("\"status\":\"([A-Z_]+)\"");

  @TempDir private Path folder;

  private Path previousVersion;
  private EmbeddedKafka kafka;
  private EmbeddedRedis redis;
  private final Map<String, Tally> services = new HashMap<>();
  private final Map<String, Integer> ports = new HashMap<>();

  @BeforeEach
  void start() throws Exception {
    previousVersion = PreviousVersion.build();
    kafka = EmbeddedKafka.start(folder.resolve("kafka"));
    redis = EmbeddedRedis.start(folder.resolve("redis"));
    Files.writeString(
        folder.resolve("endpoints.yaml"),
        """
        endpoints:
          default:
            image: busybox:latest
            command: [sh, -c, "echo '{}' > output.json"]
            webhook: {delay: 200ms, attempts: 10}
        """);
    ORDER.forEach(name -> services.put(name, service(previousVersion, name)));
    ORDER.forEach(this::awaitReady);
  }

  @AfterEach
  void stop() {
    services.values().forEach(Tally::close);
    if (kafka != null) {
      redis.close();
      kafka.close();
    }
  }

  @Test
  void shouldLoseNothingWhenEachServiceIsReplacedByTheNextVersionAndBackAgain() throws Exception {
    try (var receiver = new Receiver()) {
      // given
      var body = "{\"input\":{},\"webhook\":\"%s\"}".formatted(receiver.url());
      var load = new SteadyLoad(url("/run"), body);
      try (load) {
        load.awaitMore(5, LIMIT);

        // when
        for (var name : ORDER) {
          replace(name, THIS_VERSION, load);
          load.awaitMore(3, LIMIT);
        }
        for (var name : ORDER.reversed()) {
          replace(name, previousVersion, load);
          load.awaitMore(3, LIMIT);
        }
      }

      // then
      assertThat(load.surprises()).as("answers to submissions").isEmpty();
      assertThat(load.accepted()).doesNotHaveDuplicates();
      for (var job : load.accepted()) {
        shouldBeCompletedOnceAndTold(job, receiver);
      }
    }
  }

  private void replace(String name, Path version, SteadyLoad load) {
    var isApi = name.equals("api");
    if (isApi) {
      load.expectApi(false);
    }
    try (var old = services.get(name)) {
      old.signal("TERM");
      assertThat(old.awaitExit(EXIT)).as(() -> String.join("\n", old.output())).isZero();
    }
    services.put(name, service(version, name));
    awaitReady(name);
    if (isApi) {
      load.expectApi(true);
    }
  }

  private void shouldBeCompletedOnceAndTold(String job, Receiver receiver) {
    Await.until(
        LIMIT,
        () -> history(job),
        () ->
            Http.view(Http.get(url("/status-sync/" + job + "?wait=5000"))).status()
                == JobStatus.COMPLETED);
    var history = history(job);
    var sequences = SEQUENCE.matcher(history).results().map(it -> Long.valueOf(it.group(1)));
    var states = STATUS.matcher(history).results().map(it -> it.group(1)).toList();
    assertThat(states).as(history).last().isEqualTo("COMPLETED");
    assertThat(states).as(history).containsOnlyOnce("COMPLETED");
    assertThat(sequences.toList())
        .as(history)
        .isEqualTo(IntStream.rangeClosed(1, states.size()).mapToObj(Long::valueOf).toList());
    Await.until(
        LIMIT,
        () ->
            "received %s of %s%n%s"
                .formatted(
                    receiver.deliveriesOf(job),
                    history,
                    String.join("\n", services.get("webhook-dispatcher").output())),
        () -> receiver.deliveriesOf(job).size() >= states.size());
    assertThat(receiver.deliveriesOf(job)).as(history).isEqualTo(states);
  }

  private String history(String job) {
    return Http.get(url("/history/" + job)).body();
  }

  private Tally service(Path version, String name) {
    var port = Integer.toString(ports.computeIfAbsent(name, _ -> FreePort.find()));
    var environment = new HashMap<String, String>();
    environment.put("TALLY_KAFKA", kafka.bootstrapServers());
    environment.put("TALLY_REDIS", redis.url());
    environment.put("TALLY_ALLOWED_NETWORKS", "127.0.0.0/8");
    environment.put("TALLY_ENDPOINTS_FILE", folder.resolve("endpoints.yaml").toString());
    environment.put("TALLY_DATA_DIR", folder.resolve(name).toString());
    environment.put("TALLY_JAVA_OPTS", "-Xmx256m");
    environment.put(name.equals("api") ? "TALLY_API_PORT" : "TALLY_HEALTH_PORT", port);
    if (name.equals("worker-runner")) {
      environment.put("TALLY_RUNNER_RUNTIME", "process");
      environment.put("TALLY_RUNNER_ID", name);
    }
    return Tally.startFrom(version, environment, name);
  }

  private void awaitReady(String name) {
    var ready = "http://127.0.0.1:%d/readyz".formatted(ports.get(name));
    Await.until(
        LIMIT,
        () -> name + " is not ready:\n" + String.join("\n", services.get(name).output()),
        () -> isReady(ready));
  }

  private static boolean isReady(String url) {
    try {
      return Http.get(url).statusCode() == 200;
    } catch (UncheckedIOException e) {
      return false;
    }
  }

  private String url(String path) {
    return "http://127.0.0.1:%d/v2/default%s".formatted(ports.get("api"), path);
  }
}
