package io.tallyman.api.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.api.http.Client.Answer;
import io.tallyman.api.kafka.ProcessorStandIn;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobCommand.Cancel;
import io.tallyman.schemas.job.JobCommand.Submit;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobRequest;
import io.tallyman.schemas.job.JobStatus;
import io.tallyman.schemas.job.Policy;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.schemas.job.RunnerHeartbeat.Serving;
import io.tallyman.schemas.job.SecretName;
import java.net.URI;
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
  void shouldWriteTheSubmitAsItCame() {
    // when
    var job =
        stage.submit(
            "{\"input\": {\"n\":1e400, \"z\" :\"\\u0000é\"} ,"
                + " \"webhookv2\":\"https://a.test/x\",\"webhook\":\"http://b.test\","
                + " \"webhookSecretName\":\"customer-a\", \"timeout\":1, \"policy\":{\"ttl\":10000,"
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
    assertThat(submit.request().webhookSecretName()).contains(new SecretName("customer-a"));
    assertThat(submit.request().policy())
        .isEqualTo(new Policy(Duration.ofDays(7), Duration.ofSeconds(10), true));
  }

  @Test
  void shouldShowEachStateAndTheHistory() {
    var job = stage.submit("{\"input\":{}}");
    stage.awaitSubmit(job);

    processor.start(job);
    Await.until("it runs", () -> stage.statusOf(job).body().contains("IN_PROGRESS"));
    processor.complete(job, "{\"answer\": 42.0}");
    Await.until("it ended", () -> stage.statusOf(job).body().contains("COMPLETED"));

    var answer = stage.statusOf(job);
    assertThat(answer.header("Content-Type")).isEqualTo("application/json");
    assertThat(answer.header("Server")).isEmpty();
    assertThat(answer.body())
        .contains("\"output\":{\"answer\": 42.0}")
        .contains("\"delayTime\":12")
        .contains("\"executionTime\":34")
        .contains("\"workerId\":\"runner-1\"");
    assertThat(client.post("/status/" + job, "").body()).isEqualTo(answer.body());
    assertThat(stage.historyOf(job))
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
        var job = stage.submit("{\"input\":%d}".formatted(i));
        assertThat(stage.statusOf(job).body())
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
    stage.awaitSubmit(job);
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
    var queued = stage.submit("{\"input\":{}}");
    var ended = stage.submit("{\"input\":{}}");
    stage.awaitSubmit(ended);
    processor.start(ended);
    processor.complete(ended, "1");
    Await.until("it ended", () -> stage.statusOf(ended).body().contains("COMPLETED"));

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
  void shouldAcceptOnceUnderAnIdempotencyKey() {
    // given
    var key = UUID.randomUUID().toString();
    var body = "{\"input\":{\"once\":1}}";

    // when
    var first = client.post("/run", body, "Idempotency-Key", key);
    var again = client.post("/run", body, "Idempotency-Key", key);
    stage.awaitSubmit(first.view().id());
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
    var job = stage.submit("{\"input\":{}}");
    stage.awaitSubmit(job);

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
}
