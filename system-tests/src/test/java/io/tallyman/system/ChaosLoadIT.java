package io.tallyman.system;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.tallyman.chaos.cluster.Site;
import io.tallyman.chaos.history.ClientCall;
import io.tallyman.chaos.history.ClientCall.Outcome;
import io.tallyman.chaos.history.ContainerSighting;
import io.tallyman.chaos.history.History;
import io.tallyman.chaos.history.HistoryFile;
import io.tallyman.chaos.history.HistoryWriter;
import io.tallyman.chaos.history.LogRecord;
import io.tallyman.chaos.history.Received;
import io.tallyman.chaos.history.RedisSighting;
import io.tallyman.chaos.history.Run;
import io.tallyman.chaos.history.Ticker;
import io.tallyman.chaos.http.Receiver;
import io.tallyman.chaos.load.JobPrograms;
import io.tallyman.chaos.load.Load;
import io.tallyman.chaos.load.LoadPlan;
import io.tallyman.chaos.record.Canaries;
import io.tallyman.chaos.record.Recorders;
import io.tallyman.chaos.record.Watched;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.testcontainers.DockerClientFactory;

/** The load and the recorders of a chaos run, on the real product, with nothing broken. */
class ChaosLoadIT {

  private static final String KEY = "canary-of-the-api-key-0123456789";
  private static final String SECRET = "whsec_Y2FuYXJ5LW9mLXRoZS13ZWJob29rLXNlY3JldA==";
  private static final Pattern KAFKA = Pattern.compile("Kafka +(\\S+)");
  private static final Pattern REDIS = Pattern.compile("Redis +(redis://\\S+)");

  /** Of this run alone: others use the same engine. */
  private static final String RUNNER = "chaos-load-" + ProcessHandle.current().pid();

  private static final String ENGINE =
      Optional.ofNullable(System.getenv("TALLY_DOCKER_HOST")).orElse("unix:///var/run/docker.sock");
  private static final int JOBS = 80;

  @TempDir Path folder;
  @TempDir Path dataDir;

  @Test
  void shouldTellTheWholeStoryOfARunOfProcesses() throws Exception {
    shouldTellTheWholeStory("process", Optional.empty());
  }

  @Test
  void shouldTellTheWholeStoryOfARunOfContainers() throws Exception {
    Containers.requireEngine();
    BusyboxImage.require(DockerClientFactory.instance().client());
    shouldTellTheWholeStory("docker", Optional.of(ENGINE));
  }

  private void shouldTellTheWholeStory(String runtime, Optional<String> engine) throws Exception {
    // given
    var files = folder.resolve("history");
    var keys = Files.writeString(folder.resolve("keys"), KEY + "\n");
    var endpoints =
        Files.writeString(
            folder.resolve("endpoints.yaml"),
            JobPrograms.endpointsYaml(SECRET, 5, Duration.ofMillis(300)));
    var environment =
        Map.of(
            "TALLY_ENDPOINTS_FILE",
            endpoints.toString(),
            "TALLY_API_KEY_FILE",
            keys.toString(),
            "TALLY_RUNNER_ID",
            RUNNER,
            "TALLY_RUNNER_SLOTS",
            "8");

    // when
    List<String> left;
    int accepted;
    try (var tally = Tally.dev(environment, dataDir, "--runtime", runtime);
        var writer = new HistoryWriter(files)) {
      var ticker = new Ticker(Instant.now());
      var site =
          new Site(
              List.of(URI.create(tally.apiUrl())),
              tally.printed(KAFKA),
              tally.printed(REDIS),
              files,
              KEY,
              SECRET,
              writer,
              ticker);
      var watched =
          new Watched(
              Map.of("tally", URI.create(tally.apiUrl())),
              _ -> OptionalLong.of(tally.pid()),
              Set.of(RUNNER),
              engine,
              dataDir.toRealPath());
      try (var receiver = new Receiver(ticker, writer::write);
          var recorders = new Recorders(site, watched)) {
        recorders.start();
        accepted = load(site, new LoadPlan(receiver.url(), 6, 8, Duration.ofSeconds(5)));
        awaitWebhooks(files);
        left = recorders.left();
        assertThat(recorders.finish()).isGreaterThan(5L * accepted);
      }
    }
    HistoryWriter.writeRun(files, run(left));
    var history = History.read(files);

    // then
    assertThat(left).isEmpty();
    assertThat(
            Canaries.leaks(
                List.of(KEY, SECRET),
                Stream.of(HistoryFile.values())
                    .filter(file -> file != HistoryFile.RUN)
                    .map(file -> files.resolve(file.fileName()))
                    .toList()))
        .isEmpty();
    assertThat(history.services()).anyMatch(it -> it.status() == 200 && it.residentBytes() > 0);
    assertThat(history.received().stream().map(Received::answer).collect(toSet()))
        .contains(200, 500, 0);
    assertThat(history.containers())
        .anyMatch(it -> it.kind() == ContainerSighting.Kind.ENDED && it.runner().equals(RUNNER));
    assertThat(history.redis().stream().filter(RedisSighting::isLast)).hasSize(accepted);
    assertThat(history.log().stream().map(LogRecord::topic).collect(toSet()))
        .contains("job-commands", "job-events", "job-dispatch.default", "webhook-attempts");
    assertThatCallsAreToldAsTheyWere(history.calls(), accepted);
    assertThatOutputsAreOfWhoMadeThem(history);
  }

  /** Until every accepted job has been seen ended; how many there were. */
  private static int load(Site site, LoadPlan plan) {
    var load = new Load(site, 7, plan);
    try (load) {
      load.start();
      Await.until(Duration.ofSeconds(60), load::toString, () -> load.accepted() >= JOBS);
      load.heal();
      Await.until(Duration.ofSeconds(90), load::toString, () -> load.open() == 0);
    }
    assertThat(load.open()).isZero();
    return load.accepted();
  }

  /** Until nothing is delivered any more: two equal looks, a retry's pause apart. */
  private static void awaitWebhooks(Path files) {
    var receiver = files.resolve(HistoryFile.RECEIVER.fileName());
    var sizes = new long[2];
    var looks = new long[] {System.nanoTime()};
    Await.until(
        Duration.ofSeconds(60),
        () -> "webhooks are still delivered",
        () -> {
          if (System.nanoTime() - looks[0] < 3_000_000_000L) {
            return false;
          }
          looks[0] = System.nanoTime();
          sizes[0] = sizes[1];
          sizes[1] = size(receiver);
          return sizes[0] == sizes[1];
        });
  }

  private static void assertThatCallsAreToldAsTheyWere(List<ClientCall> calls, int accepted) {
    assertThat(calls.stream().map(ClientCall::operation).distinct())
        .containsExactlyInAnyOrder("run", "status", "cancel", "history", "health");
    var runs =
        calls.stream().filter(it -> it.operation().equals("run") && it.job() != null).toList();
    assertThat(runs.stream().map(ClientCall::job).distinct()).hasSize(accepted);
    assertThat(runs).as("some were submitted twice").hasSizeGreaterThan(accepted);
    calls.stream()
        .collect(groupingBy(ClientCall::client))
        .forEach(
            (client, its) ->
                assertThat(its.subList(its.size() - 5, its.size()))
                    .as("the last calls of " + client)
                    .allMatch(it -> it.outcome() == Outcome.OK));
    // One call at a time.
    calls.stream()
        .collect(groupingBy(ClientCall::client))
        .values()
        .forEach(
            its -> {
              for (int i = 1; i < its.size(); i++) {
                assertThat(its.get(i).calledAt()).isGreaterThanOrEqualTo(its.get(i - 1).endedAt());
              }
            });
  }

  /** By the log alone: the seed is in the submission, the attempt and the hash in the end. */
  private static void assertThatOutputsAreOfWhoMadeThem(History history) throws Exception {
    var events =
        history.log().stream()
            .filter(it -> it.topic().equals("job-events"))
            .collect(groupingBy(it -> Objects.requireNonNull(it.key())));
    var completed = 0;
    for (var its : events.values()) {
      var first = json(its.getFirst());
      var last = json(its.getLast());
      if (last.at("/status").asText().equals("COMPLETED")) {
        completed++;
        assertThat(last.at("/output/hash").asText())
            .isEqualTo(
                sha256(
                    first.at("/request/input/seed").asText()
                        + ":"
                        + last.at("/meta/attempt").asInt()));
      }
    }
    assertThat(completed).isGreaterThan(JOBS / 2);
  }

  private static JsonNode json(LogRecord record) throws IOException {
    return new ObjectMapper().readTree(record.value());
  }

  private static String sha256(String text) throws Exception {
    return HexFormat.of()
        .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8)));
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Run run(List<String> left) {
    return new Run(
        7, "smoke", 0, 0, 0, 0, 30_000, 3, 5, 300, SECRET, List.of(KEY), left, List.of(), Map.of());
  }
}
