package io.tallyman.system;

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
import io.tallyman.schemas.job.JobEvent.JobQueued;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobRequest;
import io.tallyman.schemas.job.Policy;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.schemas.job.RunnerHeartbeat;
import io.tallyman.schemas.job.RunnerHeartbeat.Serving;
import io.tallyman.schemas.job.RunnerId;
import io.tallyman.schemas.kafka.Records;
import io.tallyman.webhooks.WebhookDispatcher;
import io.tallyman.webhooks.WebhookSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Who buries a record that nobody can read, with several of each service that meets it. */
@Timeout(120)
class DeadLettersIT {

  private static final String KEY = "poisoned";
  private static final String GROUP = "tally-webhooks";
  private static final Instant TIME = Instant.parse("2020-02-02T10:00:00Z");
  private static final Duration LIMIT = Duration.ofSeconds(60);

  @TempDir private static Path folder;

  @Test
  void shouldLeaveOneDeadLetterHoweverManyServicesReadTheRecord() throws Exception {
    try (var kafka = EmbeddedKafka.start(folder.resolve("kafka"));
        var redis = EmbeddedRedis.start(folder.resolve("redis"));
        var producer = KafkaSettings.producer(kafka.bootstrapServers(), "test", 10_000);
        var admin = Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()));
        var one = api("one", kafka, redis);
        var two = api("two", kafka, redis);
        var first = dispatcher("first", kafka, redis);
        var second = dispatcher("second", kafka, redis)) {
      // given: all read, the apis' news too
      for (Service service : List.of(one, two, first, second)) {
        Await.until(
            LIMIT,
            () -> service.health().toString(),
            () -> service.health().stream().allMatch(Health::isReady));
      }
      for (var api : List.of(one, two)) {
        Await.until(LIMIT, () -> "no heartbeat is heard", () -> isHeard(producer, 2, api));
      }

      // when: in each topic something nobody can read, and behind it something good
      for (var topic : List.of(Topics.EVENTS, Topics.REJECTIONS, Topics.HEARTBEATS)) {
        producer.send(new ProducerRecord<>(topic.name(), KEY, new byte[] {1, 2, 3})).get();
      }
      var _ = producer.send(event());

      // then: each api has gone on in both of its tails, and the dispatchers are done
      for (var api : List.of(one, two)) {
        Await.until(
            LIMIT,
            () -> "the event behind the poison is not indexed",
            () -> Http.get(url(api, "/history/" + KEY)).body().contains("job.queued.v1"));
        Await.until(
            LIMIT,
            () -> "the heartbeat behind the poison is not heard",
            () -> isHeard(producer, 3, api));
      }
      Await.until(LIMIT, () -> "the group is not done", () -> isDone(admin));
      assertThat(deadLetters(kafka.bootstrapServers()))
          .extracting(
              letter -> Records.text(letter.headers(), "tallyman-origin"),
              letter -> Records.text(letter.headers(), "tallyman-service"))
          .singleElement()
          .satisfies(
              letter ->
                  assertThat(letter.toList())
                      .first()
                      .asString()
                      .startsWith(Topics.EVENTS.name() + "-"))
          .satisfies(letter -> assertThat(letter.toList()).last().isEqualTo("webhook-dispatcher"));
    }
  }

  /** In the partition of the poison, because under the same key. */
  private static ProducerRecord<String, byte[]> event() {
    var endpoint = EndpointName.DEFAULT;
    var request =
        new JobRequest(endpoint, RawJson.of("{}"), Policy.DEFAULT, Optional.empty(), "ab");
    var meta = new EventMeta(new JobId(KEY), endpoint, 1, 1, TIME, "api", Optional.empty());
    var queued = new JobQueued(meta, request, TIME.plusSeconds(600));
    return Records.of(Topics.EVENTS, KEY, queued, KEY + ":1", "/test", TIME);
  }

  /** Says that a runner runs so many attempts; whether the api shows them. */
  private static boolean isHeard(Producer<String, byte[]> producer, int running, Api api) {
    var serving = List.of(new Serving(EndpointName.DEFAULT, running));
    var heartbeat = new RunnerHeartbeat(new RunnerId("runner-1"), TIME, "noop", 4, serving);
    var _ = producer.send(Records.of(Topics.HEARTBEATS, KEY, heartbeat, "beat", "/test", TIME));
    return Http.get(url(api, "/health")).body().contains("\"running\":" + running);
  }

  private static String url(Api api, String path) {
    return "http://127.0.0.1:%d%s".formatted(api.port(), path);
  }

  private static Api api(String name, EmbeddedKafka kafka, EmbeddedRedis redis) {
    return Api.start(
        new ApiSettings(
            common(name, kafka, redis), "127.0.0.1", 0, Optional.empty(), Duration.ofSeconds(5)));
  }

  private static WebhookDispatcher dispatcher(
      String name, EmbeddedKafka kafka, EmbeddedRedis redis) {
    return WebhookDispatcher.start(
        new WebhookSettings(common(name, kafka, redis), GROUP, Optional.empty(), 10));
  }

  private static CommonSettings common(String name, EmbeddedKafka kafka, EmbeddedRedis redis) {
    return new CommonSettings(
        kafka.bootstrapServers(),
        redis.url(),
        Endpoints.builtIn(),
        folder.resolve(name),
        AddressPolicy.PUBLIC);
  }

  /** Whether the group has committed both records of the event log. */
  private static boolean isDone(Admin admin) {
    try {
      var offsets = admin.listConsumerGroupOffsets(GROUP).partitionsToOffsetAndMetadata().get();
      return offsets.values().stream().mapToLong(OffsetAndMetadata::offset).sum() == 2;
    } catch (ExecutionException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted", e);
    }
  }

  private static List<ConsumerRecord<byte[], byte[]>> deadLetters(String bootstrapServers) {
    var letters = new ArrayList<ConsumerRecord<byte[], byte[]>>();
    try (var consumer = KafkaSettings.consumer(bootstrapServers, "test", Map.of())) {
      var partition = new TopicPartition(Topics.DEAD_LETTERS.name(), 0);
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      var end = consumer.endOffsets(List.of(partition)).get(partition);
      while (consumer.position(partition) < end) {
        consumer.poll(Duration.ofMillis(100)).forEach(letters::add);
      }
    }
    return letters;
  }
}
