package io.tallyman.processor.kafka;

import static io.tallyman.processor.Jobs.request;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.embedded.EmbeddedKafka;
import io.tallyman.embedded.EmbeddedRedis;
import io.tallyman.embedded.FreePort;
import io.tallyman.processor.Await;
import io.tallyman.processor.Jobs;
import io.tallyman.runtime.kafka.TopicSetup;
import io.tallyman.runtime.redis.JobViews;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.EventMeta;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobEvent.JobQueued;
import io.tallyman.schemas.job.JobEvent.JobStarted;
import io.tallyman.schemas.job.JobId;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import redis.clients.jedis.RedisClient;

/** Redis is like the log again, whatever happened to Redis. */
class MirrorIT {

  /** The promise: whole again within this time after Redis is back. */
  private static final Duration WHOLE_AGAIN = Duration.ofSeconds(30);

  /** Several batches, so that something can happen in between. */
  private static final int MANY = 10_000;

  @TempDir private static Path folder;
  private static EmbeddedKafka kafka;
  private static KafkaProbe probe;

  private final int port = FreePort.find();
  private EmbeddedRedis redis;
  private RedisClient client;
  private JobViews views;
  private Mirror mirror;

  @BeforeAll
  static void startKafka() throws InterruptedException {
    kafka = EmbeddedKafka.start(folder.resolve("kafka"));
    TopicSetup.ensure(kafka.bootstrapServers(), Topics.all(List.of(EndpointName.DEFAULT)));
    probe = new KafkaProbe(kafka.bootstrapServers());
  }

  @AfterAll
  static void stopKafka() {
    probe.close();
    kafka.close();
  }

  @BeforeEach
  void start() {
    redis = EmbeddedRedis.start(folder.resolve("redis"), port);
    client = RedisClient.create(redis.url());
    views = new JobViews(redis.url());
    mirror =
        new Mirror(kafka.bootstrapServers(), "mirror-under-test", views, InstantSource.system());
  }

  @AfterEach
  void stop() {
    mirror.close();
    views.close();
    client.close();
    redis.close();
  }

  @Test
  void shouldBeWholeAgainWhenRedisIsEmptiedAgainWhileItCatchesUp() {
    // given
    tellMany("flushed");
    client.flushAll();
    Await.until(WHOLE_AGAIN, () -> assertThat(client.dbSize()).isGreaterThan(10));

    // when
    client.flushAll();

    // then
    assertThatAllAreMirrored("flushed");
  }

  @Test
  void shouldBeWholeAgainWhenRedisDiesWhileItCatchesUp() {
    // given
    tellMany("killed");
    client.flushAll();
    Await.until(WHOLE_AGAIN, () -> assertThat(client.dbSize()).isGreaterThan(10));

    // when
    redis.close();
    redis = EmbeddedRedis.start(folder.resolve("redis"), port);
    client.close();
    client = RedisClient.create(redis.url());

    // then
    assertThatAllAreMirrored("killed");
  }

  @Test
  void shouldGoOnWhenRedisRefusedToWriteForAWhile() {
    // given a Redis that is full
    probe.tell(List.of(queued("before-full", now())));
    Await.until(WHOLE_AGAIN, () -> assertThat(views.read(new JobId("before-full"))).isPresent());
    client.configSet("maxmemory", "1");

    // when
    probe.tell(List.of(queued("while-full", now())));
    Await.until(WHOLE_AGAIN, () -> assertThat(mirror.health().isReady()).isFalse());
    client.configSet("maxmemory", "0");

    // then
    Await.until(WHOLE_AGAIN, () -> assertThat(views.read(new JobId("while-full"))).isPresent());
    Await.until(WHOLE_AGAIN, () -> assertThat(mirror.health().isReady()).isTrue());
  }

  @Test
  void shouldNeverGoBackWhenAnOlderEventComesLate() {
    // given
    var job = "in-order";
    probe.tell(List.of(queued(job, now()), started(job)));
    Await.until(WHOLE_AGAIN, () -> assertThat(sequence(job)).isEqualTo(2));

    // when
    probe.tell(List.of(queued(job, now()), queued("behind-it", now())));
    Await.until(WHOLE_AGAIN, () -> assertThat(sequence("behind-it")).isEqualTo(1));

    // then
    assertThat(sequence(job)).isEqualTo(2);
  }

  @Test
  void shouldKeepNothingThatIsOlderThanAnHour() {
    // given
    probe.tell(
        List.of(
            queued("old", now().minus(Duration.ofMinutes(61))),
            queued("young", now().minus(Duration.ofMinutes(59)))));

    // then
    Await.until(WHOLE_AGAIN, () -> assertThat(sequence("young")).isEqualTo(1));
    assertThat(client.pttl("job:young")).isBetween(1L, 60_000L);
    assertThat(client.exists("job:old")).isFalse();
  }

  private void tellMany(String name) {
    var now = now();
    probe.tell(IntStream.range(0, MANY).mapToObj(i -> queued(name + "-" + i, now)).toList());
    assertThatAllAreMirrored(name);
  }

  private void assertThatAllAreMirrored(String name) {
    Await.until(
        WHOLE_AGAIN,
        () -> {
          assertThat(client.dbSize()).isGreaterThan(MANY);
          assertThat(client.keys("job:" + name + "-*").size()).isEqualTo(MANY);
        });
  }

  private long sequence(String job) {
    return views.read(new JobId(job)).map(JobViews.Entry::sequence).orElse(0L);
  }

  private static JobEvent queued(String job, Instant time) {
    return new JobQueued(meta(job, 1, time), request(), time.plus(Jobs.TTL));
  }

  private static JobEvent started(String job) {
    return new JobStarted(meta(job, 2, now()), Jobs.RUNNER, Duration.ZERO, now());
  }

  private static EventMeta meta(String job, int sequence, Instant time) {
    return new EventMeta(
        new JobId(job), EndpointName.DEFAULT, sequence, 1, time, "api", Optional.empty());
  }

  /** To the millisecond, as the log has it. */
  private static Instant now() {
    return Instant.ofEpochMilli(InstantSource.system().millis());
  }
}
