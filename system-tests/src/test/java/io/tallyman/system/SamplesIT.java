package io.tallyman.system;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.embedded.EmbeddedKafka;
import io.tallyman.runtime.CommonSettings;
import io.tallyman.runtime.Service.Health;
import io.tallyman.runtime.endpoints.Endpoints;
import io.tallyman.runtime.kafka.KafkaSettings;
import io.tallyman.runtime.net.AddressPolicy;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.EventMeta;
import io.tallyman.schemas.job.JobEvent.JobRequeued;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.kafka.Records;
import io.tallyman.system.Receiver.Received;
import io.tallyman.webhooks.WebhookDispatcher;
import io.tallyman.webhooks.WebhookSettings;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The samples that verify a webhook, against one that a dispatcher sent. */
class SamplesIT {

  private static final Path SAMPLES = Path.of("../samples/webhooks").toAbsolutePath().normalize();
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final String SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  private static final String YAML =
      """
      endpoints:
        default:
          image: x
          command: [x]
          webhook:
            secret: whsec_bmV3LXNlY3JldC1uZXctc2VjcmV0LW5ldy1zZWNyZXQ=
            oldSecrets: [{secret: %s, until: 2100-01-01T00:00:00Z}]
      """
          .formatted(SECRET);

  @TempDir private static Path folder;

  @SuppressWarnings("NullAway.Init") // By receive.
  private static Received received;

  /** In the middle of a rotation: two signatures, and the samples know the old secret alone. */
  @BeforeAll
  static void receive() throws Exception {
    try (var kafka = EmbeddedKafka.start(folder.resolve("kafka"));
        var producer = KafkaSettings.producer(kafka.bootstrapServers(), "test", 10_000);
        var receiver = new Receiver();
        var dispatcher = WebhookDispatcher.start(settings(kafka.bootstrapServers()))) {
      Await.until(
          LIMIT,
          () -> dispatcher.health().toString(),
          () -> dispatcher.health().stream().allMatch(Health::isReady));
      var time = Instant.now();
      var meta =
          new EventMeta(
              new JobId("sample"),
              EndpointName.DEFAULT,
              1,
              1,
              time,
              "test",
              Optional.of(URI.create(receiver.url())));
      producer
          .send(
              Records.of(
                  Topics.EVENTS,
                  "sample",
                  new JobRequeued(meta, "retried: \uD83D\uDE00", time.plusSeconds(600)),
                  "sample:1",
                  "/test",
                  time))
          .get();
      Await.until(LIMIT, () -> "nothing arrived", () -> !receiver.received("sample").isEmpty());
      received = receiver.received("sample").getFirst();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "python3, ./verify.py",
    "openssl, ./verify.sh",
    "node, node verify.mjs",
    "java, java Verify.java"
  })
  void shouldTakeWhatWasSentAndNothingElse(String program, String sample) throws Exception {
    // given
    Tools.require(program);
    if (program.equals("node")) {
      Tools.require("npm");
      assertThat(run("npm ci --ignore-scripts --no-audit --no-fund", List.of(), "").code).isZero();
    }
    var headers =
        List.of(received.webhookId(), received.timestamp(), received.signature().orElseThrow());

    // when
    var right = run(sample, headers, received.body());
    var changed = run(sample, headers, received.body() + " ");
    var old =
        run(
            sample,
            List.of(
                headers.get(0),
                Long.toString(Instant.now().getEpochSecond() - 3_600),
                headers.get(2)),
            received.body());

    // then
    assertThat(right.code).as(right.output).isZero();
    assertThat(right.output).contains("verified");
    assertThat(changed.code).as(changed.output).isEqualTo(1);
    assertThat(changed.output).contains("refused: ").doesNotContain(SECRET);
    assertThat(old.code).as(old.output).isEqualTo(1);
  }

  private static WebhookSettings settings(String kafka) {
    return new WebhookSettings(
        new CommonSettings(
            kafka,
            "redis://unused",
            Endpoints.parse("test.yaml", YAML.getBytes(UTF_8)),
            folder,
            AddressPolicy.allowing("127.0.0.0/8")),
        "samples",
        Optional.empty(),
        10);
  }

  private static Ended run(String command, List<String> arguments, String input)
      throws IOException, InterruptedException {
    var words = new ArrayList<>(List.of(command.split(" ")));
    if (words.getFirst().equals("java")) {
      words.set(0, Path.of(System.getProperty("java.home"), "bin", "java").toString());
    }
    words.addAll(arguments);
    var builder = new ProcessBuilder(words).directory(SAMPLES.toFile()).redirectErrorStream(true);
    builder.environment().put("WEBHOOK_SECRET", SECRET);
    var process = builder.start();
    try (var stdin = process.getOutputStream()) {
      stdin.write(input.getBytes(UTF_8));
    }
    var output = new String(process.getInputStream().readAllBytes(), UTF_8);
    return new Ended(process.waitFor(), output);
  }

  private record Ended(int code, String output) {}
}
