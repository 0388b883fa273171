package io.tallyman.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.runtime.kafka.KafkaSettings;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.job.JobCommand;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobOutput;
import io.tallyman.schemas.job.JobStatus;
import io.tallyman.schemas.job.JobView;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.schemas.job.RunnerId;
import io.tallyman.schemas.kafka.Records;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What users of systems like this one complain about, each as a test of ours. */
class ComplaintsIT {

  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final Pattern KAFKA = Pattern.compile("Kafka +(\\S+)");
  private static final Pattern SLEEPER = Pattern.compile(".*sleep 5432[1]$");

  @TempDir Path files;
  @TempDir Path dataDir;

  @BeforeEach
  void writeEndpoints() throws IOException {
    Files.writeString(
        endpoints(),
        """
        endpoints:
          default:
            image: busybox:latest
            command:
              - sh
              - -c
              - |
                case "$(cat input.json)" in
                  *large*) head -c 2000 /dev/zero | tr '\\\\0' 1 > output.json ;;
                  *sleep*) exec sleep 54321 ;;
                  *kill*) kill -9 $PPID ;;
                  *fail*) exit 3 ;;
                esac
            limits: {output: 1024}
        """);
  }

  /** A result that the platform refused, and the job was COMPLETED with nothing. */
  @Test
  void shouldNeverCompleteAJobWhoseResultWasLost() {
    try (var tally = dev()) {
      var end = await(tally, submit(tally, "large"));

      assertThat(end.status()).isEqualTo(JobStatus.FAILED);
      assertThat(end.error().orElse("")).startsWith("output_too_large");
    }
  }

  /** A progress update overwrote the final state, and the job was IN_PROGRESS for ever. */
  @Test
  void shouldNotReopenAnEndedJobWhateverItsRunnerStillSays() throws Exception {
    try (var tally = dev()) {
      // given
      var job = submit(tally, "sleep");
      var running = awaitStatus(tally, job, JobStatus.IN_PROGRESS);
      var runner = new RunnerId(running.workerId().orElseThrow());
      cancel(tally, job);
      var before = history(tally, job);

      // when
      try (var producer = KafkaSettings.producer(tally.printed(KAFKA), "test", 10_000)) {
        var id = new JobId(job);
        var now = Instant.now();
        var progress =
            new JobOutput(id, 1, runner, now, JobOutput.Channel.STDOUT, "99 % of the pages");
        producer.send(Records.of(Topics.OUTPUT, job, progress, "p", "/test", now)).get();
        for (var late :
            new JobCommand[] {
              new JobCommand.Start(id, 1, runner),
              new JobCommand.Renew(id, 1, runner),
              new JobCommand.Complete(id, 1, runner, RawJson.of("1"))
            }) {
          producer.send(Records.of(Topics.COMMANDS, job, late, "late", "/test", now)).get();
        }
      }
      var next = submit(tally, "fail");
      await(tally, next);

      // then
      assertThat(status(tally, job).status()).isEqualTo(JobStatus.CANCELLED);
      assertThat(history(tally, job)).isEqualTo(before);
    }
  }

  /** Cancelled jobs ran on, and were paid for. */
  @Test
  void shouldEndTheProcessOfACancelledJob() {
    try (var tally = dev()) {
      // given
      var job = submit(tally, "sleep");
      Await.until(LIMIT, () -> "it does not run", () -> isSleeping(tally));

      // when
      cancel(tally, job);

      // then
      Await.until(
          Duration.ofSeconds(10), () -> "it runs on after its cancel", () -> !isSleeping(tally));
    }
  }

  /** A job that crashed its worker was retried for ever, on one worker after the other. */
  @Test
  void shouldGiveUpAJobThatKillsItsRunnerEachTime() {
    String job;
    try (var tally = dev()) {
      job = submit(tally, "kill");
      tally.awaitExit(LIMIT);
    }
    // The second and the third attempt may come before it is ready.
    for (var attempt = 2; attempt <= 3; attempt++) {
      try (var tally = start()) {
        tally.awaitExit(Duration.ofSeconds(90));
      }
    }
    try (var tally = dev()) {
      var end = await(tally, job);

      assertThat(end.status()).isEqualTo(JobStatus.FAILED);
      assertThat(end.error().orElse("")).startsWith("worker_lost");
    }
  }

  /** A status read right after the submit said that there was no such job. */
  @Test
  void shouldKnowEachJobRightAfterItWasAccepted() {
    try (var tally = dev()) {
      assertThat(
              IntStream.range(0, 100)
                  .mapToObj(_ -> submit(tally, "fail"))
                  .map(job -> Http.get(url(tally, "/status/" + job)).statusCode()))
          .containsOnly(200);
    }
  }

  /** A failure was told to nobody: the webhook came for successes alone. */
  @Test
  void shouldTellTheWebhookOfAFailureInTheWordsOfTheStatus() throws Exception {
    try (var tally = dev();
        var receiver = new Receiver()) {
      // when
      var job = submit(tally, "fail", Optional.of(receiver.url()));
      var error = await(tally, job).error().orElseThrow();

      // then
      assertThat(error).startsWith("exit_code: ");
      Await.until(
          LIMIT,
          () -> "received " + receiver.bodiesOf(job),
          () ->
              receiver.bodiesOf(job).stream()
                  .anyMatch(
                      body ->
                          body.contains("\"status\":\"FAILED\"")
                              && body.contains("\"error\":\"%s\"".formatted(error))));
    }
  }

  private Tally dev() {
    return Tally.dev(Map.of("TALLY_ENDPOINTS_FILE", endpoints().toString()), dataDir);
  }

  private Tally start() {
    return Tally.starting(Map.of("TALLY_ENDPOINTS_FILE", endpoints().toString()), dataDir);
  }

  private Path endpoints() {
    return files.resolve("endpoints.yaml");
  }

  private static boolean isSleeping(Tally tally) {
    return tally.descendants().stream()
        .anyMatch(it -> SLEEPER.matcher(it.info().commandLine().orElse("")).matches());
  }

  private static String submit(Tally tally, String program) {
    return submit(tally, program, Optional.empty());
  }

  private static String submit(Tally tally, String program, Optional<String> webhook) {
    var body =
        "{\"input\":\"%s\"%s}"
            .formatted(program, webhook.map(",\"webhook\":\"%s\""::formatted).orElse(""));
    return Http.view(Http.post(url(tally, "/run"), body)).id().value();
  }

  private static void cancel(Tally tally, String job) {
    assertThat(Http.view(Http.post(url(tally, "/cancel/" + job), "")).status())
        .isEqualTo(JobStatus.CANCELLED);
  }

  private static JobView status(Tally tally, String job) {
    return Http.view(Http.get(url(tally, "/status/" + job)));
  }

  private static JobView await(Tally tally, String job) {
    return Http.view(Http.get(url(tally, "/status-sync/" + job + "?wait=30000")));
  }

  private static JobView awaitStatus(Tally tally, String job, JobStatus status) {
    Await.until(
        LIMIT,
        () -> job + " is " + status(tally, job),
        () -> status(tally, job).status() == status);
    return status(tally, job);
  }

  private static String history(Tally tally, String job) {
    return Http.get(url(tally, "/history/" + job)).body();
  }

  private static String url(Tally tally, String path) {
    return tally.apiUrl() + "/v2/default" + path;
  }
}
