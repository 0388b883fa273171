package io.tallyman.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.embedded.EmbeddedKafka;
import io.tallyman.embedded.EmbeddedRedis;
import io.tallyman.embedded.FreePort;
import io.tallyman.schemas.job.JobStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Wall clocks that are set in mid-flight, one service at a time, by libfaketime. */
@Timeout(300)
class ClockJumpIT {

  private static final List<String> SERVICES =
      List.of("state-processor", "worker-runner", "webhook-dispatcher", "api");

  private static final Duration LIMIT = Duration.ofSeconds(90);
  private static final Duration BACK = Duration.ofHours(-1);
  private static final Duration FORWARD = Duration.ofHours(2);

  /** The least there is. */
  private static final Duration EXECUTION_TIMEOUT = Duration.ofSeconds(5);

  private static final Duration LATE = Duration.ofSeconds(2);

  @TempDir Path folder;

  private EmbeddedKafka kafka;
  private EmbeddedRedis redis;
  private Receiver receiver;
  private final Map<String, Tally> services = new HashMap<>();
  private final Map<String, Integer> ports = new HashMap<>();

  @BeforeEach
  void start() throws IOException {
    kafka = EmbeddedKafka.start(folder.resolve("kafka"));
    redis = EmbeddedRedis.start(folder.resolve("redis"));
    receiver = new Receiver();
    Files.writeString(
        folder.resolve("endpoints.yaml"),
        """
        endpoints:
          default:
            image: busybox:latest
            command: [sh, -c, "grep -q slow input.json && exec sleep 5432; echo '{}' > output.json"]
            webhook: {delay: 200ms, attempts: 10}
        """);
    for (var service : SERVICES) {
      ports.put(service, FreePort.find());
      setClock(service, Duration.ZERO);
      services.put(service, run(service));
    }
    SERVICES.forEach(this::awaitReady);
  }

  @AfterEach
  void stop() {
    services.values().forEach(Tally::close);
    receiver.close();
    redis.close();
    kafka.close();
  }

  @Test
  void shouldEndJobsInTimeWhateverAServicesClockIsSetTo() {
    for (var service : SERVICES) {
      for (var offset : List.of(BACK, FORWARD)) {
        // given
        var slow = submit("slow");
        awaitStatus(slow, JobStatus.IN_PROGRESS);

        // when
        setClock(service, offset);

        // then
        var what = "%s, set by %s".formatted(service, offset);
        var quick = submit("quick");
        awaitEnd(what, quick, JobStatus.COMPLETED);
        awaitEnd(what, slow, JobStatus.TIMED_OUT);
        assertInTime(what, slow, LATE);
      }
      setClock(service, Duration.ZERO);
    }
    assertThat(receiver.timestampsOf(lastJob()))
        .as("the clocks are right again, and what they say to others too")
        .allSatisfy(it -> assertThat(it).isBetween(Instant.now().minusSeconds(60), Instant.now()));
  }

  @Test
  void shouldEndJobsInTimeWhenTheClockOfItsProcessorIsWrongFromTheStart() {
    // given
    var slow = submit("slow");
    awaitStatus(slow, JobStatus.IN_PROGRESS);

    // when: nothing is written from here on but what the processor itself asks
    var processor = services.get("state-processor");
    processor.kill();
    setClock("state-processor", BACK);
    services.put("state-processor", run("state-processor"));
    awaitReady("state-processor");
    var ready = System.nanoTime();
    awaitEnd("a clock behind", slow, JobStatus.TIMED_OUT);

    // then
    assertThat(Duration.ofNanos(System.nanoTime() - ready))
        .as("from when it decides again to the end of the job that was due")
        .isLessThan(EXECUTION_TIMEOUT.plus(LATE));
  }

  private String lastJob() {
    var job = submit("quick");
    awaitEnd("at last", job, JobStatus.COMPLETED);
    return job;
  }

  private void awaitEnd(String what, String job, JobStatus status) {
    awaitStatus(job, status);
    Await.until(
        LIMIT,
        () -> "%s: no webhook of %s, but %s".formatted(what, job, receiver.bodiesOf(job)),
        () -> receiver.bodiesOf(job).stream().anyMatch(it -> it.contains(status.name())));
  }

  private void assertInTime(String what, String job, Duration late) {
    var view = Http.view(Http.get(url("/status/" + job)));
    assertThat(view.executionTime().orElseThrow())
        .as(what + ": execution time")
        .isBetween(EXECUTION_TIMEOUT, EXECUTION_TIMEOUT.plus(late));
    assertThat(view.delayTime().orElseThrow()).as(what + ": delay").isBetween(Duration.ZERO, LIMIT);
  }

  private String submit(String input) {
    var body =
        "{\"input\":\"%s\",\"webhook\":\"%s\",\"policy\":{\"executionTimeout\":%d}}"
            .formatted(input, receiver.url(), EXECUTION_TIMEOUT.toMillis());
    return Http.view(Http.post(url("/run"), body)).id().value();
  }

  private void awaitStatus(String job, JobStatus status) {
    Await.until(
        LIMIT,
        () -> "not %s: %s".formatted(status, Http.get(url("/history/" + job)).body()),
        () -> Http.view(Http.get(url("/status/" + job))).status() == status);
  }

  private String url(String path) {
    return "http://127.0.0.1:%d/v2/default%s".formatted(ports.get("api"), path);
  }

  private void awaitReady(String service) {
    var url = "http://127.0.0.1:%d/readyz".formatted(ports.get(service));
    Await.until(
        LIMIT,
        () -> service + " is not ready: " + String.join("\n", services.get(service).output()),
        () -> {
          try {
            return Http.get(url).statusCode() == 200;
          } catch (java.io.UncheckedIOException e) {
            return false;
          }
        });
  }

  private void setClock(String service, Duration offset) {
    try {
      Files.writeString(clock(service), "%+d".formatted(offset.toSeconds()));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private Path clock(String service) {
    return folder.resolve(service + ".clock");
  }

  private Tally run(String service) {
    var environment = new HashMap<String, String>();
    environment.put("LD_PRELOAD", Tools.fakeTime().toString());
    environment.put("FAKETIME_TIMESTAMP_FILE", clock(service).toString());
    environment.put("FAKETIME_CACHE_DURATION", "1");
    // A monotonic clock is never set, whatever happens to the other; without the second, the timed
    // waits of a JVM, which are by that clock, would end at once, and it spins.
    environment.put("DONT_FAKE_MONOTONIC", "1");
    environment.put("FAKETIME_FORCE_MONOTONIC_FIX", "0");
    environment.put("TALLY_ALLOWED_NETWORKS", "127.0.0.0/8");
    environment.put("TALLY_KAFKA", kafka.bootstrapServers());
    environment.put("TALLY_REDIS", redis.url());
    environment.put("TALLY_ENDPOINTS_FILE", folder.resolve("endpoints.yaml").toString());
    environment.put("TALLY_DATA_DIR", folder.resolve(service).toString());
    environment.put(
        service.equals("api") ? "TALLY_API_PORT" : "TALLY_HEALTH_PORT",
        ports.get(service).toString());
    if (service.equals("worker-runner")) {
      environment.put("TALLY_RUNNER_RUNTIME", "process");
      environment.put("TALLY_RUNNER_ID", service);
    }
    return Tally.startJar(environment, service);
  }
}
