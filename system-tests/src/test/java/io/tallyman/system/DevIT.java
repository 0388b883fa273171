package io.tallyman.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.model.Container;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.tallyman.schemas.job.JobStatus;
import io.tallyman.schemas.job.JobView;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.testcontainers.DockerClientFactory;
import redis.clients.jedis.RedisClient;

/** {@code ./tally dev} over HTTP, as a user would drive it. */
class DevIT {

  private static final Logger LOG = LoggerFactory.getLogger(DevIT.class);

  private static final Pattern READY = Pattern.compile("ready in +(\\S+ s)");
  private static final Pattern KAFKA = Pattern.compile("Kafka +(\\S+)");
  private static final Pattern REDIS = Pattern.compile("Redis +(redis://\\S+)");
  private static final Pattern ID = Pattern.compile("\"sequence\":(\\d+)");

  @TempDir Path dataDir;
  @TempDir Path files;

  @Test
  void shouldTellTheSameStoryOnEverySideWhenAJobRuns() throws Exception {
    try (var tally = Tally.dev(dataDir);
        var receiver = new Receiver()) {
      // when
      var job = run(tally, "{\"name\":\"Ada\"}", receiver).id().value();
      var end = await(tally, job);

      // then: the API
      assertThat(end.status()).isEqualTo(JobStatus.COMPLETED);
      assertThat(end.output()).hasToString("Optional[{\"greeting\":\"Hello, Ada!\"}]");

      // then: Redis
      try (var redis = RedisClient.create(tally.printed(REDIS))) {
        Await.until(
            Duration.ofSeconds(5),
            () -> "Redis has " + redis.hgetAll("job:" + job),
            () -> "3".equals(redis.hget("job:" + job, "sequence")));
        assertThat(redis.ttl("job:" + job)).isBetween(1L, 3600L);
      }

      // then: the receiver
      Await.until(
          Duration.ofSeconds(10),
          () -> "received " + receiver.bodiesOf(job),
          () -> receiver.bodiesOf(job).size() == 3);
      var bodies = receiver.bodiesOf(job);
      assertThat(bodies.get(0)).isEqualTo("{\"id\":\"%s\",\"status\":\"IN_QUEUE\"}".formatted(job));
      assertThat(bodies.get(1))
          .matches(
              "\\{\"id\":\"%s\",\"status\":\"IN_PROGRESS\",\"delayTime\":\\d+}".formatted(job));
      assertThat(bodies.get(2))
          .matches(
              ("\\{\"id\":\"%s\",\"status\":\"COMPLETED\",\"delayTime\":\\d+,"
                      + "\"executionTime\":\\d+,\"output\":\\{\"greeting\":\"Hello, Ada!\"}}")
                  .formatted(job));
    }
  }

  @Test
  void shouldShowOneEventPerTransitionToAForeignKafkaClient() throws Exception {
    Tools.require("kcat");
    try (var tally = Tally.dev(dataDir)) {
      // when
      var job = run(tally, "{}", null).id().value();
      await(tally, job);

      // then
      assertThat(kcat(tally.printed(KAFKA), job))
          .hasSize(3)
          .allSatisfy(line -> assertThat(line).contains("ce_specversion=1.0", "ce_subject=" + job))
          .satisfies(
              lines -> {
                assertThat(lines.get(0)).contains("ce_id=" + job + ":1", "\"status\":\"IN_QUEUE\"");
                assertThat(lines.get(1)).contains("ce_id=" + job + ":2", "io.tallyman.job.started");
                assertThat(lines.get(2))
                    .contains("ce_id=" + job + ":3", "\"status\":\"COMPLETED\"");
              });
    }
  }

  /**
   * A share fetch that brought only a transaction's marker once ended the poll: 3 jobs a second.
   */
  @Test
  void shouldWorkOffABacklogWithoutAPauseBetweenJobs() throws Exception {
    try (var tally = Tally.dev(dataDir)) {
      // when
      var start = System.nanoTime();
      var jobs =
          java.util.stream.IntStream.range(0, 100)
              .mapToObj(_ -> run(tally, "{}", null).id().value())
              .toList();
      for (var job : jobs) {
        await(tally, job);
      }

      // then: 3 s on a quiet machine, 30 s and more with the pauses
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(20));
    }
  }

  @Test
  void shouldLeaveNothingRunningAndKeepTheDataWhenInterrupted() throws Exception {
    // given
    String job;
    List<ProcessHandle> children;
    URI api;
    try (var tally = Tally.dev(dataDir)) {
      job = run(tally, "{}", null).id().value();
      await(tally, job);
      run(tally, "{\"sleep\":60}", null);
      children = tally.descendants();
      api = URI.create(tally.apiUrl());

      // when
      var start = System.nanoTime();
      tally.interrupt();
      tally.awaitExit(Duration.ofSeconds(20));

      // then
      assertThat(Duration.ofNanos(System.nanoTime() - start))
          .as(() -> String.join("\n", tally.output()))
          .isLessThan(Duration.ofSeconds(5));
    }
    assertThat(children).isNotEmpty().noneMatch(ProcessHandle::isAlive);
    try (var free = new ServerSocket(api.getPort(), 1, InetAddress.getLoopbackAddress())) {
      assertThat(free.isBound()).isTrue();
    }

    // when
    try (var again = Tally.dev(dataDir)) {
      // then
      assertThat(Http.view(Http.get(again.apiUrl() + "/v2/default/status/" + job)).status())
          .isEqualTo(JobStatus.COMPLETED);
      var history = Http.get(again.apiUrl() + "/v2/default/history/" + job).body();
      assertThat(ID.matcher(history).results().map(found -> found.group(1)))
          .containsExactly("1", "2", "3");
    }
  }

  @Test
  void shouldFinishWhatWasAcceptedWhenKilledAndStartedAgain() throws Exception {
    try (var receiver = new Receiver()) {
      // given
      List<String> jobs;
      try (var tally = Tally.dev(dataDir)) {
        jobs =
            java.util.stream.IntStream.range(0, 20)
                .mapToObj(_ -> run(tally, "{\"name\":\"Ada\"}", receiver).id().value())
                .toList();

        // when
        tally.kill();
      }
      try (var tally = Tally.dev(dataDir)) {
        // then: none is lost, and those that no runner had begun end by themselves
        var ends =
            jobs.stream()
                .map(job -> Http.view(Http.get(tally.apiUrl() + "/v2/default/status/" + job)))
                .toList();
        assertThat(ends).hasSize(20);
        var queued = ends.stream().filter(view -> view.status() == JobStatus.IN_QUEUE).toList();
        for (var view : queued) {
          assertThat(await(tally, view.id().value()).status()).isEqualTo(JobStatus.COMPLETED);
        }
      }
    }
  }

  @Test
  void shouldSayWhatToDoWhenThePortIsTaken() throws IOException {
    try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        var tally =
            Tally.start(
                Map.of(),
                "dev",
                "--port",
                Integer.toString(taken.getLocalPort()),
                "--data-dir",
                dataDir.toString())) {
      assertThat(tally.awaitExit(Duration.ofSeconds(20))).isEqualTo(2);
      assertThat(tally.output()).anyMatch(line -> line.contains("Choose another with --port"));
    }
  }

  @Test
  void shouldAskForAKeyWhenTheUserNamesAFileOfKeys() throws Exception {
    // given
    var keys = Files.writeString(files.resolve("keys"), "open-sesame\n");

    try (var tally = Tally.dev(Map.of("TALLY_API_KEY_FILE", keys.toString()), dataDir)) {
      // when
      var url = tally.apiUrl() + "/v2/default/health";

      // then
      assertThat(status(url, "")).isEqualTo(401);
      assertThat(status(url, "Bearer open-sesame")).isEqualTo(200);
      assertThat(tally.output()).anyMatch(line -> line.matches(" +API key +needed: .*" + keys));
    }
  }

  @Test
  void shouldRefuseAMisspeltVariable() {
    try (var tally = Tally.starting(Map.of("TALLY_API_KEYS_FILE", "/run/keys"), dataDir)) {
      assertThat(tally.awaitExit(Duration.ofSeconds(20))).isEqualTo(2);
      assertThat(tally.output()).anyMatch(line -> line.contains("mean TALLY_API_KEY_FILE?"));
    }
  }

  @Test
  void shouldRefuseAFolderThatIsNotItsOwn() throws Exception {
    // given
    var foreign = Files.writeString(dataDir.resolve("thesis.txt"), "years of work");

    for (var option : List.of("--fresh", "--keep")) {
      // when
      try (var tally = Tally.starting(Map.of(), dataDir, option)) {
        // then
        assertThat(tally.awaitExit(Duration.ofSeconds(20))).as(option).isEqualTo(2);
        assertThat(tally.output()).anyMatch(line -> line.contains("not Tallyman's"));
      }
      try (var left = Files.list(dataDir)) {
        assertThat(left).containsExactly(foreign);
      }
    }
  }

  @Test
  void shouldRefuseAFolderInUseAndDoItsUserNoHarm() throws Exception {
    try (var first = Tally.dev(dataDir)) {
      var before = await(first, run(first, "{}", null).id().value());

      for (var option : List.of("--fresh", "--keep")) {
        // when
        try (var second = Tally.starting(Map.of(), dataDir, option)) {
          // then
          assertThat(second.awaitExit(Duration.ofSeconds(20))).as(option).isEqualTo(2);
          assertThat(second.output()).anyMatch(line -> line.contains("in use by another Tallyman"));
        }
      }

      // then: the first goes on, with its Redis and its history
      assertThat(Http.get(first.apiUrl() + "/readyz").statusCode()).isEqualTo(200);
      var job = run(first, "{}", null).id().value();
      assertThat(await(first, job).status()).isEqualTo(JobStatus.COMPLETED);
      var history = Http.get(first.apiUrl() + "/v2/default/history/" + before.id().value()).body();
      assertThat(ID.matcher(history).results()).hasSize(3);
    }
  }

  @Test
  void shouldForgetAllButTheRunnersNameWhenStartedFresh() throws Exception {
    // given
    JobView before;
    try (var tally = Tally.dev(dataDir)) {
      before = await(tally, run(tally, "{}", null).id().value());
    }

    // when
    try (var tally = Tally.dev(dataDir, "--fresh")) {
      // then
      var known = Http.get(tally.apiUrl() + "/v2/default/status/" + before.id().value());
      assertThat(known.statusCode()).isEqualTo(404);
      var after = await(tally, run(tally, "{}", null).id().value());
      assertThat(after.workerId()).isEqualTo(before.workerId()).isPresent();
    }
  }

  @Test
  void shouldStopRedisWhenKafkaCannotStart() throws Exception {
    // given
    Tally.dev(dataDir).close();
    Files.writeString(
        dataDir.resolve("kafka").resolve("meta.properties"), "version=1\nnode.id=7\n");

    try (var tally = Tally.starting(Map.of(), dataDir)) {
      // when
      assertThat(tally.awaitExit(Duration.ofSeconds(30))).isEqualTo(1);

      // then
      var redis = Files.readString(dataDir.resolve("redis").resolve("redis.pid")).split(" ", 2)[0];
      assertThat(ProcessHandle.of(Long.parseLong(redis))).isEmpty();
    }
  }

  @Test
  void shouldLeaveNothingRunningWhenInterruptedWhileItStarts() {
    try (var tally = Tally.starting(Map.of(), dataDir)) {
      // given
      var children = awaitChildren(tally);

      // when
      var start = System.nanoTime();
      tally.interrupt();
      tally.awaitExit(Duration.ofSeconds(20));

      // then
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
      assertThat(tally.output()).noneMatch(line -> line.contains("Ctrl-C stops"));
      assertThat(children).noneMatch(ProcessHandle::isAlive);
    }
  }

  @Test
  void shouldLeaveNothingRunningWhenTheDemoIsTold() {
    try (var tally = Tally.start(Map.of(), "demo", "--runtime", "process")) {
      // given
      tally.awaitLine(line -> line.contains("1. A job that completes"));
      var children = awaitChildren(tally);

      // when
      var start = System.nanoTime();
      tally.signal("TERM");
      tally.awaitExit(Duration.ofSeconds(20));

      // then
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
      assertThat(children).noneMatch(ProcessHandle::isAlive);
    }
  }

  @Test
  void shouldLeaveNoContainerWhenInterrupted() throws Exception {
    Containers.requireEngine();
    var engine = DockerClientFactory.instance().client();
    BusyboxImage.require(engine);
    try (var tally = Tally.dev(dataDir, "--runtime", "docker")) {
      // given
      var runner = Files.readString(dataDir.resolve(".tallyman")).strip();
      run(tally, "{\"sleep\":60}", null);
      Await.until(
          Duration.ofSeconds(30),
          () -> "no container runs; the output is:\n" + String.join("\n", tally.output()),
          () -> containersOf(engine, runner).stream().anyMatch(it -> it.equals("running")));

      // when
      var start = System.nanoTime();
      tally.interrupt();
      tally.awaitExit(Duration.ofSeconds(20));

      // then
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
      assertThat(containersOf(engine, runner)).isEmpty();
    }
  }

  @Test
  void shouldBeReadySoonThoughTheEngineNeverEndsAPull() throws Exception {
    // given: the slowest that `auto` meets on a first start
    try (var engine = new StuckEngine()) {
      var start = System.nanoTime();
      try (var tally =
          Tally.dev(
              Map.of("TALLY_DOCKER_HOST", engine.url()), dataDir, "--runtime", "auto", "--fresh")) {
        // then: 15 s is the promise; a crowded machine that runs other tests is given twice that
        var took = Duration.ofNanos(System.nanoTime() - start);
        LOG.info("ready {} s after the command, {}", took.toMillis() / 1000.0, printed(tally));
        assertThat(took).isLessThan(Duration.ofSeconds(30));
        assertThat(tally.output())
            .anyMatch(line -> line.matches(" +runtime +process, .*no image 'busybox:latest'.*"));
      }
    }
  }

  private static String printed(Tally tally) {
    return "by its own account in " + tally.printed(READY);
  }

  /** The states of the containers with our label. */
  private static List<String> containersOf(DockerClient engine, String runner) {
    return engine
        .listContainersCmd()
        .withShowAll(true)
        .withLabelFilter(Map.of("tallyman.runner", runner))
        .exec()
        .stream()
        .map(Container::getState)
        .toList();
  }

  /** A Docker engine that has no image, and begins pulls that never end. */
  private static final class StuckEngine implements AutoCloseable {
    private final HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final CountDownLatch closed = new CountDownLatch(1);

    StuckEngine() throws IOException {
      server.setExecutor(threads);
      server.createContext("/", this::answer);
      server.start();
    }

    String url() {
      return "tcp://127.0.0.1:" + server.getAddress().getPort();
    }

    private void answer(HttpExchange exchange) throws IOException {
      var path = exchange.getRequestURI().getPath();
      if (path.endsWith("/images/create")) {
        exchange.sendResponseHeaders(200, 0);
        exchange.getResponseBody().flush();
        try {
          closed.await();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
        exchange.close();
      } else {
        var isVersion = path.endsWith("/version");
        var body =
            (isVersion
                    ? "{\"Version\":\"28.0\",\"ApiVersion\":\"1.48\"}"
                    : "{\"message\":\"No such image\"}")
                .getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().add("Content-Type", "application/json");
        exchange.sendResponseHeaders(isVersion ? 200 : 404, body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
      }
    }

    @Override
    public void close() {
      closed.countDown();
      server.stop(0);
      threads.close();
    }
  }

  /** Its Redis, and what else runs by then. */
  private static List<ProcessHandle> awaitChildren(Tally tally) {
    Await.until(
        Duration.ofSeconds(20),
        () -> "no child process; the output is:\n" + String.join("\n", tally.output()),
        () ->
            tally.output().stream().anyMatch(line -> line.startsWith("Tallyman"))
                && !tally.descendants().isEmpty());
    return tally.descendants();
  }

  private static int status(String url, String authorization) throws IOException {
    var request = (HttpURLConnection) URI.create(url).toURL().openConnection();
    if (!authorization.isEmpty()) {
      request.setRequestProperty("Authorization", authorization);
    }
    return request.getResponseCode();
  }

  private static JobView run(Tally tally, String input, Receiver receiver) {
    return Http.view(
        Http.post(
            tally.apiUrl() + "/v2/default/run",
            receiver == null
                ? "{\"input\":%s}".formatted(input)
                : "{\"input\":%s,\"webhook\":\"%s\"}".formatted(input, receiver.url())));
  }

  private static JobView await(Tally tally, String job) {
    return Http.view(Http.get(tally.apiUrl() + "/v2/default/status-sync/" + job + "?wait=30000"));
  }

  private static List<String> kcat(String kafka, String job) throws Exception {
    var kcat =
        new ProcessBuilder(
                "kcat", "-C", "-q", "-e", "-b", kafka, "-t", "job-events", "-f", "%h %s\n")
            .redirectErrorStream(true)
            .start();
    var text = new String(kcat.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(kcat.waitFor()).as(text).isZero();
    return text.lines().filter(line -> line.contains(job)).toList();
  }
}
