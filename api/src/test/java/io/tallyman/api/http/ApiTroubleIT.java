package io.tallyman.api.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tallyman.api.Api;
import io.tallyman.api.http.Client.Answer;
import io.tallyman.api.kafka.ProcessorStandIn;
import io.tallyman.embedded.EmbeddedKafka;
import io.tallyman.embedded.FreePort;
import io.tallyman.runtime.kafka.TopicSetup;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobCommand.Submit;
import io.tallyman.schemas.job.JobRequest;
import io.tallyman.schemas.job.JobStatus;
import io.tallyman.schemas.job.Policy;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.schemas.job.RunnerHeartbeat.Serving;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The api when something around it fails, stops, or must not be let in. */
@Timeout(120)
class ApiTroubleIT {

  private static Stage stage;
  private static ProcessorStandIn processor;
  private static Client client;

  @BeforeAll
  static void start(@TempDir Path folder) throws InterruptedException {
    stage = Stage.start(folder);
    processor = stage.processor();
    client = stage.client();
  }

  @AfterAll
  static void stop() {
    stage.close();
  }

  @Test
  void shouldSaySoWhenTheProcessorDoesNotAnswerACancel() {
    var job = stage.submit("{\"input\":{}}");
    stage.awaitSubmit(job);
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
  void shouldGoOnBehindARecordThatIsNoEvent() {
    var job = stage.submit("{\"input\":{}}");
    stage.awaitSubmit(job);

    processor.poison(Topics.EVENTS, job.value());
    processor.start(job);

    Await.until("it runs", () -> stage.statusOf(job).body().contains("IN_PROGRESS"));
    assertThat(stage.historyOf(job)).containsSubsequence("\"sequence\":1", "\"sequence\":2");
    // The webhook-dispatchers bury it; see BadRecordsIT.
    assertThat(processor.countDeadLetters(stage.kafka())).isZero();
  }

  @Test
  void shouldHearRejectionsAndHeartbeatsBehindARecordThatIsNeither() {
    // given: a job that the processor does not know
    processor.isSilent(true);
    var job = stage.submit("{\"input\":\"unheard\"}");
    Await.until(
        "it is seen",
        () -> processor.commands().stream().anyMatch(command -> command.jobId().equals(job)));
    processor.isSilent(false);
    Await.until("the news are read", () -> isHeard(2));

    // when
    processor.poison(Topics.REJECTIONS, job.value());
    processor.poison(Topics.HEARTBEATS, "runner-1");
    var cancelled = client.post("/cancel/" + job, "");

    // then
    assertThat(cancelled.status()).as(cancelled.body()).isEqualTo(404);
    Await.until("the next heartbeat is heard", () -> isHeard(3));
    assertThat(processor.countDeadLetters(stage.kafka())).isZero();
  }

  /** Whether the api shows what a runner says now. */
  private static boolean isHeard(int running) {
    processor.heartbeat(4, List.of(new Serving(EndpointName.DEFAULT, running)));
    return client.get("/health").body().contains("\"running\":" + running);
  }

  @Test
  void shouldAnswerFromTheLogWhenRedisIsDown() {
    // given
    var job = stage.submit("{\"input\":{}}");
    stage.awaitSubmit(job);
    processor.start(job);
    processor.complete(job, "\"from the log\"");
    Await.until("it ended", () -> stage.statusOf(job).body().contains("COMPLETED"));

    // when: no Redis, and an api that has never seen the job
    try (var fresh =
            Api.start(
                stage.settings(
                    "without-redis",
                    stage.kafka(),
                    "redis://127.0.0.1:" + FreePort.find(),
                    Optional.empty()));
        var there = new Client(fresh.port())) {
      Await.until("it is ready", () -> there.get("/readyz").status() == 200);

      // then
      assertThat(there.get("/status/" + job).body()).contains("\"output\":\"from the log\"");
      assertThat(there.get("/status/nobody").status()).isEqualTo(404);
      assertThat(there.get("/readyz").body()).contains("redis ready: does not answer");
      assertThat(there.get("/status/0193a3c0-5d1e-7cc0-8f35-1f0d2b1f9a10").status()).isEqualTo(404);
      var accepted = there.post("/run", "{\"input\":{}}");
      assertThat(accepted.status()).isEqualTo(200);
      assertThat(there.get("/status/" + accepted.view().id()).status()).isEqualTo(200);
    }
  }

  /** Found by chaos: it said 404, when Redis was away at the submit, or emptied since. */
  @Test
  void shouldNotCallAJobUnknownThatAnotherApiAcceptedAndNobodyHasDecidedOn() {
    // given: a job whose command waits, and an api that Redis does not tell of it
    processor.isSilent(true);
    try (var fresh =
            Api.start(
                stage.settings(
                    "not-told",
                    stage.kafka(),
                    "redis://127.0.0.1:" + FreePort.find(),
                    Optional.empty()));
        var there = new Client(fresh.port())) {
      Await.until("it is ready", () -> there.get("/readyz").status() == 200);
      var job = stage.submit("{\"input\":{}}");

      // when
      var undecided = there.get("/status/" + job);

      // then
      assertThat(undecided.status()).as(undecided.body()).isEqualTo(503);
      assertThat(undecided.body()).contains("catching-up", "has not decided yet");
      assertThat(there.get("/status/nobody").status()).isEqualTo(404);

      // and when it is decided
      processor.isSilent(false);
      processor.queue(
          job,
          new JobRequest(
              EndpointName.DEFAULT, RawJson.of("{}"), Policy.DEFAULT, Optional.empty(), "ab"));
      Await.until("it is known", () -> there.get("/status/" + job).status() == 200);
      assertThat(there.get("/status/0193a3c0-5d1e-7cc0-8f35-1f0d2b1f9a10").status()).isEqualTo(404);
    } finally {
      processor.isSilent(false);
    }
  }

  @Test
  void shouldNotOpenASecondHistoryUnderAnOldKeyWhileItReadsTheLog() {
    // given: a job that the processor has forgotten, behind much that a new api must read first
    var request =
        new JobRequest(
            EndpointName.DEFAULT, RawJson.of("{}"), Policy.DEFAULT, Optional.empty(), "ab");
    processor.fill(20_000, request);
    var body = "{\"input\":\"old\"}";
    var job = client.post("/run", body, "Idempotency-Key", "old").view().id();
    processor.start(job);
    processor.complete(job, "1");
    processor.forget(job);

    // when
    try (var fresh =
            Api.start(stage.settings("behind", stage.kafka(), stage.redis(), Optional.empty()));
        var there = new Client(fresh.port())) {
      var answers = new ArrayList<Answer>();
      Await.until(
          "it accepts",
          () -> {
            answers.add(there.post("/run", body, "Idempotency-Key", "old"));
            return answers.getLast().status() != 503;
          });

      // then
      assertThat(answers.removeLast().body()).contains(job.value(), "COMPLETED");
      assertThat(answers)
          .isNotEmpty()
          .allSatisfy(refused -> assertThat(refused.header("Retry-After")).isNotEmpty());
      assertThat(there.get("/history/" + job).body()).containsOnlyOnce("job.queued.v1");
      assertThat(processor.commands())
          .filteredOn(command -> command.jobId().equals(job))
          .hasSize(1);
    }
  }

  @Test
  void shouldReadOnWhereItStoppedWhenStartedAgain() {
    // given
    var job = stage.submit("{\"input\":{}}");
    stage.awaitSubmit(job);
    try (var first =
            Api.start(stage.settings("again", stage.kafka(), stage.redis(), Optional.empty()));
        var there = new Client(first.port())) {
      Await.until("it is ready", () -> there.get("/readyz").status() == 200);
    }
    processor.start(job);

    // when
    try (var second =
            Api.start(stage.settings("again", stage.kafka(), stage.redis(), Optional.empty()));
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
                stage.settings(
                    "without-kafka",
                    "127.0.0.1:" + FreePort.find(),
                    stage.redis(),
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
    var broker = EmbeddedKafka.start(stage.folder().resolve("kafka-that-goes"), port);
    TopicSetup.ensure(broker.bootstrapServers(), Topics.all(Stage.ENDPOINTS.names()));
    try (var lonely =
            Api.start(
                stage.settings(
                    "kafka-goes", broker.bootstrapServers(), stage.redis(), Optional.empty()));
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
      broker = EmbeddedKafka.start(stage.folder().resolve("kafka-that-goes"), port);

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
        Api.start(stage.settings("stopping", stage.kafka(), stage.redis(), Optional.empty()));
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
    var keys = stage.folder().resolve("keys");
    Files.writeString(keys, "# of the test\nsecret-one\n\nsecret-two\n");
    try (var guarded =
            Api.start(stage.settings("guarded", stage.kafka(), stage.redis(), Optional.of(keys)));
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
    var keys = stage.folder().resolve("no-keys");
    Files.writeString(keys, "# none\n");

    assertThatThrownBy(
            () ->
                Api.start(
                    stage.settings("keyless", stage.kafka(), stage.redis(), Optional.of(keys))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no-keys");
  }
}
