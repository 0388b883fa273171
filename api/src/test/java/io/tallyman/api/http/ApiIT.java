package io.tallyman.api.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tallyman.api.Api;
import io.tallyman.api.ApiSettings;
import io.tallyman.api.http.Client.Answer;
import io.tallyman.api.kafka.ProcessorStandIn;
import io.tallyman.embedded.EmbeddedKafka;
import io.tallyman.embedded.EmbeddedRedis;
import io.tallyman.embedded.FreePort;
import io.tallyman.runtime.CommonSettings;
import io.tallyman.runtime.endpoints.Endpoints;
import io.tallyman.runtime.kafka.TopicSetup;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobCommand.Cancel;
import io.tallyman.schemas.job.JobCommand.Submit;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobRequest;
import io.tallyman.schemas.job.JobStatus;
import io.tallyman.schemas.job.Policy;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.schemas.job.RunnerHeartbeat.Serving;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The api against a real broker and a real Redis; the test plays the state-processor. */
@Timeout(120)
class ApiIT {

  private static final Endpoints ENDPOINTS =
      Endpoints.parse(
          "test",
          """
          endpoints:
            default: {image: busybox, command: [sh]}
            other: {image: busybox, command: [sh]}
          """
              .getBytes(java.nio.charset.StandardCharsets.UTF_8));

  private static Path folder;
  private static EmbeddedKafka kafka;
  private static EmbeddedRedis redis;
  private static ProcessorStandIn processor;
  private static Api api;
  private static Client client;

  @BeforeAll
  static void start(@TempDir Path folder) throws InterruptedException {
    ApiIT.folder = folder;
    kafka = EmbeddedKafka.start(folder.resolve("kafka"));
    redis = EmbeddedRedis.start(folder.resolve("redis"));
    TopicSetup.ensure(kafka.bootstrapServers(), Topics.all(ENDPOINTS.names()));
    processor = new ProcessorStandIn(kafka.bootstrapServers());
    api = Api.start(settings("api", kafka.bootstrapServers(), redis.url(), Optional.empty()));
    client = new Client(api.port());
    Await.until("the api is ready", () -> client.get("/readyz").status() == 200);
  }

  @AfterAll
  static void stop() {
    client.close();
    api.close();
    processor.close();
    redis.close();
    kafka.close();
  }

  private static ApiSettings settings(
      String name, String kafka, String redis, Optional<Path> keyFile) {
    return new ApiSettings(
        new CommonSettings(kafka, redis, ENDPOINTS, folder.resolve(name)),
        "127.0.0.1",
        0,
        keyFile,
        Duration.ofSeconds(2));
  }

  private static JobId submit(String body) {
    var answer = client.post("/v2/default/run", body, "Content-Type", "application/json");
    assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    assertThat(answer.view().status()).isEqualTo(JobStatus.IN_QUEUE);
    return answer.view().id();
  }

  private static void awaitSubmit(JobId job) {
    Await.until("the job is queued", () -> historyOf(job).contains("job.queued.v1"));
  }

  private static String historyOf(JobId job) {
    return client.get("/v2/default/history/" + job).body();
  }

  private static Answer statusOf(JobId job) {
    return client.get("/v2/default/status/" + job);
  }

  @Test
  void shouldWriteTheSubmitAsItCame() {
    // when
    var job =
        submit(
            "{\"input\": {\"n\":1e400, \"z\" :\"\\u0000é\"} , \"webhookv2\":\"https://a.test/x\","
                + "\"webhook\":\"http://b.test\", \"timeout\":1, \"policy\":{\"ttl\":10000,"
                + "\"executionTimeout\":604800000,\"lowPriority\":true}}");

    // then
    Await.until(
        "the command is there",
        () -> processor.commands().stream().anyMatch(command -> command.jobId().equals(job)));
    var submit =
        processor.commands().stream()
            .filter(command -> command.jobId().equals(job))
            .map(Submit.class::cast)
            .findFirst()
            .orElseThrow();
    assertThat(submit.request().input()).hasToString("{\"n\":1e400, \"z\" :\"\\u0000é\"}");
    assertThat(submit.request().webhook()).contains(URI.create("https://a.test/x"));
    assertThat(submit.request().policy())
        .isEqualTo(new Policy(Duration.ofDays(7), Duration.ofSeconds(10), true));
  }

  @Test
  void shouldShowEachStateAndTheHistory() {
    var job = submit("{\"input\":{}}");
    awaitSubmit(job);

    processor.start(job);
    Await.until("it runs", () -> statusOf(job).body().contains("IN_PROGRESS"));
    processor.complete(job, "{\"answer\": 42.0}");
    Await.until("it ended", () -> statusOf(job).body().contains("COMPLETED"));

    var answer = statusOf(job);
    assertThat(answer.header("Content-Type")).isEqualTo("application/json");
    assertThat(answer.header("Server")).isEmpty();
    assertThat(answer.body())
        .contains("\"output\":{\"answer\": 42.0}")
        .contains("\"delayTime\":12")
        .contains("\"executionTime\":34")
        .contains("\"workerId\":\"runner-1\"");
    assertThat(client.post("/status/" + job, "").body()).isEqualTo(answer.body());
    assertThat(historyOf(job))
        .startsWith("{\"id\":\"%s\",\"endpoint\":\"default\",\"events\":[".formatted(job))
        .containsSubsequence(
            "io.tallyman.job.queued.v1",
            "\"sequence\":1",
            "io.tallyman.job.started.v1",
            "\"sequence\":2",
            "io.tallyman.job.completed.v1",
            "\"sequence\":3",
            "{\"answer\": 42.0}");
  }

  @Test
  void shouldNeverSayUnknownRightAfterASubmit() {
    processor.isSilent(true);
    try {
      for (int i = 0; i < 50; i++) {
        var job = submit("{\"input\":%d}".formatted(i));
        assertThat(statusOf(job).body())
            .isEqualTo("{\"id\":\"%s\",\"status\":\"IN_QUEUE\"}".formatted(job));
      }
    } finally {
      processor.isSilent(false);
    }
  }

  @Test
  void shouldAnswerRunSyncWhenTheJobEnds() {
    // given
    var answer =
        CompletableFuture.supplyAsync(
            () -> client.post("/runsync?wait=20000", "{\"input\":\"sync-me\"}"));
    Await.until(
        "the job is known",
        () ->
            processor.commands().stream()
                .anyMatch(
                    command ->
                        command instanceof Submit submit
                            && submit.request().input().equals(RawJson.of("\"sync-me\""))));
    var job =
        processor.commands().stream()
            .filter(
                command ->
                    command instanceof Submit submit
                        && submit.request().input().equals(RawJson.of("\"sync-me\"")))
            .findFirst()
            .orElseThrow()
            .jobId();
    awaitSubmit(job);
    assertThat(answer).isNotDone();

    // when
    processor.start(job);
    processor.complete(job, "[1,2]");

    // then
    assertThat(answer.orTimeout(5, TimeUnit.SECONDS).join().body()).contains("\"output\":[1,2]");
    assertThat(job.value()).startsWith("sync-");
  }

  @Test
  void shouldAnswerTheStateWhenTheWaitIsOver() {
    // The wait is longer than a connection may be silent: waiting is not silence.
    var began = System.nanoTime();
    var answer = client.post("/v2/default/runsync?wait=3000", "{\"input\":1}");

    assertThat(answer.view().status()).isEqualTo(JobStatus.IN_QUEUE);
    assertThat(Duration.ofNanos(System.nanoTime() - began))
        .isBetween(Duration.ofMillis(2_900), Duration.ofSeconds(6));
    assertThat(client.get("/status-sync/" + answer.view().id() + "?wait=1").view().status())
        .isEqualTo(JobStatus.IN_QUEUE);
  }

  @Test
  void shouldCancelAndTellTheStateOfAnEndedJob() {
    // given
    var queued = submit("{\"input\":{}}");
    var ended = submit("{\"input\":{}}");
    awaitSubmit(ended);
    processor.start(ended);
    processor.complete(ended, "1");
    Await.until("it ended", () -> statusOf(ended).body().contains("COMPLETED"));

    // when
    var cancelled =
        client.post("/v2/default/cancel/" + queued, "", "Content-Type", "application/json");
    var tooLate = client.post("/cancel/" + ended, "{}", "Content-Type", "application/json");
    var unknown = client.post("/cancel/nobody", "");

    // then
    assertThat(cancelled.body())
        .isEqualTo("{\"id\":\"%s\",\"status\":\"CANCELLED\"}".formatted(queued));
    assertThat(tooLate.body())
        .isEqualTo("{\"id\":\"%s\",\"status\":\"COMPLETED\"}".formatted(ended));
    assertThat(unknown.status()).isEqualTo(404);
    assertThat(processor.commands())
        .filteredOn(Cancel.class::isInstance)
        .extracting(command -> command.jobId().value())
        .doesNotContain("nobody", ended.value());
  }

  @Test
  void shouldSaySoWhenTheProcessorDoesNotAnswerACancel() {
    var job = submit("{\"input\":{}}");
    awaitSubmit(job);
    processor.isSilent(true);
    try {
      var answer = client.post("/cancel/" + job, "");

      assertThat(answer.status()).isEqualTo(503);
      assertThat(answer.header("Retry-After")).isNotEmpty();
      assertThat(answer.problem().type()).endsWith("processor-silent");
    } finally {
      processor.isSilent(false);
    }
  }

  @Test
  void shouldAcceptOnceUnderAnIdempotencyKey() {
    // given
    var key = UUID.randomUUID().toString();
    var body = "{\"input\":{\"once\":1}}";

    // when
    var first = client.post("/run", body, "Idempotency-Key", key);
    var again = client.post("/run", body, "Idempotency-Key", key);
    awaitSubmit(first.view().id());
    var fromLog = client.post("/run", body, "Idempotency-Key", key);
    var otherBody = client.post("/run", "{\"input\":2}", "Idempotency-Key", key);
    var otherEndpoint = client.post("/v2/other/run", body, "Idempotency-Key", key);

    // then
    assertThat(first.status()).as(first.body()).isEqualTo(200);
    assertThat(again.view().id()).isEqualTo(first.view().id());
    assertThat(fromLog.view().id()).isEqualTo(first.view().id());
    assertThat(otherBody.status()).isEqualTo(422);
    assertThat(otherBody.problem().type()).endsWith("idempotency-key-reused");
    assertThat(otherEndpoint.view().id()).isNotEqualTo(first.view().id());
  }

  @Test
  void shouldTakeOneOfManyAtOnceUnderOneKey() {
    var key = UUID.randomUUID().toString();
    var answers =
        java.util.stream.IntStream.range(0, 20)
            .mapToObj(
                i ->
                    CompletableFuture.supplyAsync(
                        () ->
                            client.post(
                                "/run", "{\"input\":%d}".formatted(i % 2), "Idempotency-Key", key)))
            .toList()
            .stream()
            .map(CompletableFuture::join)
            .toList();

    assertThat(answers).extracting(Answer::status).containsOnly(200, 422);
    assertThat(answers).filteredOn(answer -> answer.status() == 200).hasSize(10);
  }

  @Test
  void shouldNotKnowAJobOfAnotherEndpoint() {
    var job = submit("{\"input\":{}}");
    awaitSubmit(job);

    var elsewhere = client.get("/v2/other/status/" + job);
    var nowhere = client.get("/v2/other/status/nobody");

    assertThat(elsewhere.status()).isEqualTo(404);
    assertThat(elsewhere.problem().detail()).isEqualTo(nowhere.problem().detail());
    assertThat(client.get("/v2/other/history/" + job).status()).isEqualTo(404);
    assertThat(client.post("/v2/other/cancel/" + job, "").status()).isEqualTo(404);
  }

  @Test
  void shouldCountJobsAndWorkers() {
    // given
    var before = client.get("/v2/other/health").body();
    var job = new JobId("counted-" + UUID.randomUUID());
    processor.queue(
        job,
        new JobRequest(
            new EndpointName("other"), RawJson.of("1"), Policy.DEFAULT, Optional.empty(), "x"));
    processor.start(job);
    processor.requeue(job);
    processor.start(job);

    // when
    processor.heartbeat(
        8,
        List.of(new Serving(new EndpointName("other"), 3), new Serving(EndpointName.DEFAULT, 1)));

    // then
    assertThat(before).contains("\"inProgress\":0");
    Await.until(
        "all is counted",
        () ->
            client
                .get("/v2/other/health")
                .body()
                .matches(
                    "\\{\"jobs\":\\{\"completed\":0,\"failed\":0,\"inProgress\":1,\"inQueue\":\\d,"
                        + "\"retried\":1},\"workers\":\\{\"idle\":4,\"initializing\":0,\"ready\":7,"
                        + "\"running\":3,\"throttled\":0,\"unhealthy\":0}}"));
    assertThat(statusOfOther(job)).contains("\"retries\":1");
  }

  private static String statusOfOther(JobId job) {
    return client.get("/v2/other/status/" + job).body();
  }

  @Test
  void shouldGoOnBehindARecordThatIsNoEvent() {
    var job = submit("{\"input\":{}}");
    awaitSubmit(job);
    var before = processor.countDeadLetters(kafka.bootstrapServers());

    processor.poison(job);
    processor.start(job);

    Await.until("it runs", () -> statusOf(job).body().contains("IN_PROGRESS"));
    Await.until(
        "there is a dead letter",
        () -> processor.countDeadLetters(kafka.bootstrapServers()) == before + 1);
    assertThat(historyOf(job)).containsSubsequence("\"sequence\":1", "\"sequence\":2");
  }

  @Test
  void shouldAnswerFromTheLogWhenRedisIsDown() {
    // given
    var job = submit("{\"input\":{}}");
    awaitSubmit(job);
    processor.start(job);
    processor.complete(job, "\"from the log\"");
    Await.until("it ended", () -> statusOf(job).body().contains("COMPLETED"));

    // when: no Redis, and an api that has never seen the job
    try (var fresh =
            Api.start(
                settings(
                    "without-redis",
                    kafka.bootstrapServers(),
                    "redis://127.0.0.1:" + FreePort.find(),
                    Optional.empty()));
        var there = new Client(fresh.port())) {
      Await.until("it is ready", () -> there.get("/readyz").status() == 200);

      // then
      assertThat(there.get("/status/" + job).body()).contains("\"output\":\"from the log\"");
      assertThat(there.get("/status/nobody").status()).isEqualTo(404);
      assertThat(there.get("/readyz").body()).contains("redis ready: does not answer");
      var accepted = there.post("/run", "{\"input\":{}}");
      assertThat(accepted.status()).isEqualTo(200);
      assertThat(there.get("/status/" + accepted.view().id()).status()).isEqualTo(200);
    }
  }

  @Test
  void shouldReadOnWhereItStoppedWhenStartedAgain() {
    // given
    var job = submit("{\"input\":{}}");
    awaitSubmit(job);
    try (var first =
            Api.start(settings("again", kafka.bootstrapServers(), redis.url(), Optional.empty()));
        var there = new Client(first.port())) {
      Await.until("it is ready", () -> there.get("/readyz").status() == 200);
    }
    processor.start(job);

    // when
    try (var second =
            Api.start(settings("again", kafka.bootstrapServers(), redis.url(), Optional.empty()));
        var there = new Client(second.port())) {
      Await.until("it is ready", () -> there.get("/readyz").status() == 200);

      // then
      Await.until("it knows", () -> there.get("/status/" + job).body().contains("IN_PROGRESS"));
      assertThat(there.get("/health").body()).isEqualTo(client.get("/health").body());
    }
  }

  @Test
  void shouldRefuseSubmitsWhileKafkaIsAway() {
    var began = System.nanoTime();
    try (var alone =
            Api.start(
                settings(
                    "without-kafka",
                    "127.0.0.1:" + FreePort.find(),
                    redis.url(),
                    Optional.empty()));
        var there = new Client(alone.port())) {

      var answer = there.post("/run", "{\"input\":{}}");

      assertThat(answer.status()).isEqualTo(503);
      assertThat(answer.header("Retry-After")).isNotEmpty();
      assertThat(answer.problem().type()).isEqualTo("urn:tallyman:problem:event-log-unavailable");
      assertThat(there.get("/livez").status()).isEqualTo(200);
      assertThat(there.get("/readyz").status()).isEqualTo(503);
      assertThat(there.get("/readyz").body()).contains("kafka NOT READY: ");
      assertThat(there.get("/status/nobody").status()).isEqualTo(503);
      assertThat(alone.health()).extracting("isReady").contains(false);
    }
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(10));
  }

  @Test
  void shouldRefuseSubmitsWhenKafkaGoesAndTakeThemWhenItIsBack() throws InterruptedException {
    // given
    var port = FreePort.find();
    var broker = EmbeddedKafka.start(folder.resolve("kafka-that-goes"), port);
    TopicSetup.ensure(broker.bootstrapServers(), Topics.all(ENDPOINTS.names()));
    try (var lonely =
            Api.start(
                settings("kafka-goes", broker.bootstrapServers(), redis.url(), Optional.empty()));
        var there = new Client(lonely.port())) {
      Await.until("it is ready", () -> there.get("/readyz").status() == 200);
      var known = there.post("/run", "{\"input\":1}").view().id();

      // when
      broker.close();
      var began = System.nanoTime();
      var refused = there.post("/run", "{\"input\":2}");

      // then
      assertThat(refused.status()).isEqualTo(503);
      assertThat(refused.header("Retry-After")).isNotEmpty();
      assertThat(refused.problem().type()).endsWith("event-log-unavailable");
      assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(7));
      assertThat(there.get("/status/" + known).status()).isEqualTo(200);
      assertThat(there.get("/status/nobody").status()).isEqualTo(503);
      Await.until("it says so", () -> there.get("/readyz").status() == 503);

      // when
      broker = EmbeddedKafka.start(folder.resolve("kafka-that-goes"), port);

      // then
      Await.until("it is ready again", () -> there.get("/readyz").status() == 200);
      assertThat(there.post("/run", "{\"input\":3}").status()).isEqualTo(200);
      assertThat(processor.countCommands(broker.bootstrapServers())).isEqualTo(2);
    } finally {
      broker.close();
    }
  }

  @Test
  void shouldAnswerRequestsThatWaitWhenItStops() {
    // given
    var stopping =
        Api.start(settings("stopping", kafka.bootstrapServers(), redis.url(), Optional.empty()));
    try (var there = new Client(stopping.port())) {
      Await.until("it is ready", () -> there.get("/readyz").status() == 200);
      var waits =
          CompletableFuture.supplyAsync(
              () -> there.post("/runsync?wait=60000", "{\"input\":\"stop-me\"}"));
      Await.until(
          "the job is known",
          () ->
              processor.commands().stream()
                  .anyMatch(
                      command ->
                          command instanceof Submit submit
                              && submit.request().input().equals(RawJson.of("\"stop-me\""))));

      // when
      var began = System.nanoTime();
      stopping.close();

      // then
      assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(4));
      assertThat(waits.orTimeout(1, TimeUnit.SECONDS).join().view().status())
          .isEqualTo(JobStatus.IN_QUEUE);
    }
  }

  @Test
  void shouldAskForAKeyWhenThereIsAKeyFile() throws IOException {
    // given
    var keys = folder.resolve("keys");
    Files.writeString(keys, "# of the test\nsecret-one\n\nsecret-two\n");
    try (var guarded =
            Api.start(
                settings("guarded", kafka.bootstrapServers(), redis.url(), Optional.of(keys)));
        var there = new Client(guarded.port())) {
      Await.until("it is ready", () -> there.get("/readyz").status() == 200);

      // then
      var refused = there.get("/health");
      assertThat(refused.status()).isEqualTo(401);
      assertThat(refused.header("WWW-Authenticate")).startsWith("Bearer");
      assertThat(refused.problem().error()).contains("key");
      assertThat(there.get("/health", "Authorization", "Bearer secret-on").status()).isEqualTo(401);
      assertThat(there.get("/health", "Authorization", "Bearer secret-one").status())
          .isEqualTo(200);
      assertThat(there.get("/health", "Authorization", "bEARER secret-two").status())
          .isEqualTo(200);
      assertThat(there.get("/health", "Authorization", "secret-two").status()).isEqualTo(200);
      assertThat(there.get("/health?api_key=secret-two").problem().type()).endsWith("key-in-query");
      assertThat(there.get("/nowhere").status()).isEqualTo(401);
      var one =
          there.post(
              "/run", "{\"input\":1}", "Authorization", "secret-one", "Idempotency-Key", "k");
      var two =
          there.post(
              "/run", "{\"input\":1}", "Authorization", "secret-two", "Idempotency-Key", "k");
      assertThat(one.view().id()).isNotEqualTo(two.view().id());
    }
  }

  @Test
  void shouldNotStartWithAKeyFileThatHasNoKey() throws IOException {
    var keys = folder.resolve("no-keys");
    Files.writeString(keys, "# none\n");

    assertThatThrownBy(
            () ->
                Api.start(
                    settings("keyless", kafka.bootstrapServers(), redis.url(), Optional.of(keys))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no-keys");
  }
}
