package io.tallyman.system;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.api.Api;
import io.tallyman.api.ApiSettings;
import io.tallyman.embedded.EmbeddedKafka;
import io.tallyman.embedded.EmbeddedRedis;
import io.tallyman.runtime.CommonSettings;
import io.tallyman.runtime.Service;
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
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What became of a webhook, and telling its receiver again: an api, a dispatcher, a real broker.
 */
class RedeliveryIT {

  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final String YAML =
      """
      endpoints:
        default:
          image: x
          command: [x]
          webhook: {attempts: 2, delay: 100ms}
      """;

  @TempDir private static Path folder;

  private static EmbeddedKafka kafka;
  private static EmbeddedRedis redis;
  private static Producer<String, byte[]> producer;
  private static Api api;
  private static WebhookDispatcher dispatcher;

  private Receiver receiver;

  @BeforeAll
  static void startServices() {
    kafka = EmbeddedKafka.start(folder.resolve("kafka"));
    redis = EmbeddedRedis.start(folder.resolve("redis"));
    producer = KafkaSettings.producer(kafka.bootstrapServers(), "test", 10_000);
    var common =
        new CommonSettings(
            kafka.bootstrapServers(),
            redis.url(),
            Endpoints.parse("test.yaml", YAML.getBytes(UTF_8)),
            folder,
            AddressPolicy.allowing("127.0.0.0/8"));
    api =
        Api.start(new ApiSettings(common, "127.0.0.1", 0, Optional.empty(), Duration.ofSeconds(5)));
    dispatcher =
        WebhookDispatcher.start(new WebhookSettings(common, "redelivery", Optional.empty(), 100));
    for (Service service : List.of(api, dispatcher)) {
      Await.until(
          LIMIT,
          () -> service.health().toString(),
          () -> service.health().stream().allMatch(Health::isReady));
    }
  }

  @AfterAll
  static void stopServices() {
    dispatcher.close();
    api.close();
    producer.close();
    redis.close();
    kafka.close();
  }

  @BeforeEach
  void startReceiver() throws Exception {
    receiver = new Receiver();
  }

  @AfterEach
  void stopReceiver() {
    receiver.close();
  }

  @Test
  void shouldShowEveryRequestOfAJobsWebhook() {
    // given
    receiver.answers(503);
    tell("job-shown", 1);

    // when
    Await.until(LIMIT, () -> webhooksOf("job-shown"), () -> attemptsOf("job-shown") == 2);

    // then
    assertThat(webhooksOf("job-shown"))
        .contains(
            "\"attempt\":1",
            "\"outcome\":\"status\"",
            "\"statusCode\":503",
            "\"trigger\":\"auto\"",
            "\"nextAttempt\"",
            "\"isFinal\":true",
            "\"event\":{\"partition\"");
    assertThat(Http.get(url("/webhooks/nobody")).statusCode()).isEqualTo(404);
  }

  /** Kafka's number for all that a partition has. */
  private static final long TO_THE_END = -1;

  /** Found by reading: in place of a deleted one came the next, which was then there twice. */
  @Test
  void shouldShowEachRequestOnceThatKafkaStillHas() throws Exception {
    // given
    receiver.answers(503);
    tell("job-expired", 1);
    Await.until(LIMIT, () -> webhooksOf("job-expired"), () -> attemptsOf("job-expired") == 2);

    // when: the first of them is deleted, as retention does
    var first = positionOf("job-expired");
    try (var admin = KafkaSettings.admin(kafka.bootstrapServers(), "test")) {
      admin.deleteRecords(first).all().get();
    }

    // then
    assertThat(attemptsOf("job-expired")).as(webhooksOf("job-expired")).isEqualTo(1);
    assertThat(webhooksOf("job-expired")).contains("\"attempt\":2");

    // when all are, and nothing follows
    try (var admin = KafkaSettings.admin(kafka.bootstrapServers(), "test")) {
      var all = RecordsToDelete.beforeOffset(TO_THE_END);
      admin.deleteRecords(Map.of(first.keySet().iterator().next(), all)).all().get();
    }

    // then
    assertThat(Http.get(url("/webhooks/job-expired")).statusCode()).isEqualTo(200);
    assertThat(attemptsOf("job-expired")).as(webhooksOf("job-expired")).isZero();
  }

  /** All before the second record about a job is to be deleted. */
  private static Map<TopicPartition, RecordsToDelete> positionOf(String job) {
    try (var consumer = KafkaSettings.consumer(kafka.bootstrapServers(), "test", Map.of())) {
      var partitions =
          consumer.partitionsFor(Topics.WEBHOOK_ATTEMPTS.name()).stream()
              .map(info -> new TopicPartition(info.topic(), info.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      while (true) {
        for (var record : consumer.poll(Duration.ofSeconds(1))) {
          if (Arrays.equals(record.key(), job.getBytes(UTF_8))) {
            return Map.of(
                new TopicPartition(record.topic(), record.partition()),
                RecordsToDelete.beforeOffset(record.offset() + 1));
          }
        }
      }
    }
  }

  @Test
  void shouldTellAgainAsOftenAsOrderedUnderTheSameId() {
    // given
    for (var sequence = 1; sequence <= 3; sequence++) {
      tell("job-again", sequence);
    }
    awaitReceived("job-again", 3);

    // when
    for (var time = 0; time < 2; time++) {
      var answer = Http.post(url("/webhooks/job-again/redeliver?sequence=2"), "");
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    }

    // then
    awaitReceived("job-again", 5);
    var all = receiver.received("job-again");
    assertThat(all).extracting(Received::sequence).containsExactly(1, 2, 3, 2, 2);
    assertThat(all.subList(3, 5))
        .allSatisfy(
            again -> {
              assertThat(again.webhookId()).isEqualTo(all.get(1).webhookId());
              assertThat(again.body()).isEqualTo(all.get(1).body());
              assertThat(again.trigger()).contains("manual");
            });
    Await.until(LIMIT, () -> webhooksOf("job-again"), () -> attemptsOf("job-again") == 5);
    assertThat(webhooksOf("job-again")).contains("\"trigger\":\"manual\"");
  }

  @Test
  void shouldSayWhyThereIsNothingToTellAgain() {
    append("job-quiet", 1, Optional.empty());
    Await.until(
        LIMIT,
        () -> "it is not indexed",
        () -> Http.get(url("/history/job-quiet")).body().contains("requeued"));

    assertThat(Http.post(url("/webhooks/job-quiet/redeliver"), "").statusCode()).isEqualTo(409);
    assertThat(Http.post(url("/webhooks/job-quiet/redeliver?sequence=7"), "").statusCode())
        .isEqualTo(404);
    assertThat(Http.post(url("/webhooks/job-quiet/redeliver?sequence=x"), "").statusCode())
        .isEqualTo(400);
    assertThat(Http.get(url("/webhooks?since=yesterday")).statusCode()).isEqualTo(400);
  }

  @Test
  void shouldTellAllAgainThatWereGivenUpWhenOrdered() {
    // given: two that end as dead letters
    receiver.answers(500);
    tell("job-lost-1", 1);
    tell("job-lost-2", 1);
    var since = Instant.now().minusSeconds(600);
    Await.until(
        LIMIT,
        () -> failed(since),
        () -> failed(since).contains("job-lost-1") && failed(since).contains("job-lost-2"));

    // when
    receiver.answers(200);
    var answer = Http.post(url("/webhooks/redeliver?since=" + since), "");

    // then
    assertThat(answer.body()).contains("job-lost-1", "job-lost-2");
    awaitReceived("job-lost-1", 3);
    awaitReceived("job-lost-2", 3);
    assertThat(failed(since)).doesNotContain("job-lost-");
    assertThat(Http.post(url("/webhooks/redeliver?since=" + since), "").body())
        .doesNotContain("job-lost-");
  }

  @Test
  void shouldTellAReceiverThatAnswersAgainOfWhatItMissed() {
    // given: its circuit opens, and what was sent to it is given up
    receiver.answers(503);
    var jobs = IntStream.range(0, 8).mapToObj(i -> "job-missed-" + i).toList();
    jobs.forEach(job -> tell(job, 1));
    var since = Instant.now().minusSeconds(600);
    Await.until(
        LIMIT,
        () -> failed(since),
        () -> jobs.stream().allMatch(job -> failed(since).contains(job + "\"")));

    // when
    receiver.answers(200);
    var probes = new AtomicInteger();
    Await.until(
        LIMIT,
        () -> "the circuit stays open",
        () -> {
          tell("job-probe-" + probes.incrementAndGet(), 1);
          return !receiver.received("job-probe-").isEmpty();
        });

    // then: each once, and nothing is left to be told
    for (var job : jobs) {
      Await.until(
          LIMIT,
          () -> job + ": " + receiver.received(job),
          () -> receiver.received(job).stream().anyMatch(it -> it.trigger().isPresent()));
      assertThat(receiver.received(job))
          .filteredOn(it -> it.trigger().isPresent())
          .singleElement()
          .satisfies(it -> assertThat(it.trigger()).contains("redrive"));
    }
    assertThat(failed(since)).doesNotContain("job-missed-");
  }

  private void awaitReceived(String job, int requests) {
    Await.until(
        LIMIT,
        () -> job + ": " + receiver.received(job),
        () -> receiver.received(job).size() >= requests);
  }

  private static String failed(Instant since) {
    return Http.get(url("/webhooks?since=" + since)).body();
  }

  private static String webhooksOf(String job) {
    return Http.get(url("/webhooks/" + job)).body();
  }

  private static int attemptsOf(String job) {
    return webhooksOf(job).split("\"attempt\":", -1).length - 1;
  }

  private void tell(String job, int sequence) {
    append(job, sequence, Optional.of(URI.create(receiver.url())));
  }

  private static void append(String job, int sequence, Optional<URI> webhook) {
    var time = Instant.now();
    var meta =
        new EventMeta(new JobId(job), EndpointName.DEFAULT, sequence, 1, time, "test", webhook);
    var _ =
        producer.send(
            Records.of(
                Topics.EVENTS,
                job,
                new JobRequeued(meta, "retried: x", time.plusSeconds(600)),
                job + ":" + sequence,
                "/test",
                time));
    producer.flush();
  }

  private static String url(String path) {
    return "http://127.0.0.1:%d%s".formatted(api.port(), path);
  }
}
