package io.tallyman.runtime.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tallyman.embedded.EmbeddedRedis;
import io.tallyman.runtime.redis.JobViews.Entry;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.EventMeta;
import io.tallyman.schemas.job.JobEvent.JobCompleted;
import io.tallyman.schemas.job.JobEvent.JobStarted;
import io.tallyman.schemas.job.JobEvent.Run;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobStatus;
import io.tallyman.schemas.job.JobView;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.schemas.job.RunnerId;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.exceptions.JedisConnectionException;

/** The mirror against a real Redis server. */
class JobViewsIT {

  private static final JobId JOB = new JobId("job-1");
  private static final RunnerId RUNNER = new RunnerId("runner-1");

  @TempDir private static Path folder;
  private static EmbeddedRedis server;
  private static RedisClient redis;
  private static JobViews views;

  private final Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);

  @BeforeAll
  static void start() {
    server = EmbeddedRedis.start(folder);
    var uri = URI.create(server.url());
    redis = RedisClient.create(uri.getHost(), uri.getPort());
    views = new JobViews(server.url());
  }

  @AfterAll
  static void stop() {
    views.close();
    redis.close();
    server.close();
  }

  @BeforeEach
  void empty() {
    redis.flushAll();
  }

  @Test
  void shouldReadWhatWasWritten() {
    // given
    var event = completed(JOB, 3, now);

    // when
    views.write(List.of(Entry.of(event)));

    // then
    var entry = views.read(JOB).orElseThrow();
    assertThat(entry.sequence()).isEqualTo(3);
    assertThat(entry.endpoint()).isEqualTo(EndpointName.DEFAULT);
    assertThat(entry.view()).isEqualTo(JobView.of(event));
  }

  @Test
  void shouldLayAViewOutAsPublished() {
    // when
    views.write(List.of(Entry.of(completed(JOB, 3, now))));

    // then
    assertThat(redis.hgetAll("job:job-1"))
        .isEqualTo(
            Map.of(
                "sequence", "3",
                "endpoint", "default",
                "document",
                    "{\"id\":\"job-1\",\"status\":\"COMPLETED\",\"delayTime\":1,"
                        + "\"executionTime\":2,\"output\":{\"n\": 1.50},"
                        + "\"workerId\":\"runner-1\"}"));
  }

  @Test
  void shouldForgetAViewOneHourAfterItsEvent() {
    // given
    var tenMinutesAgo = now.minus(Duration.ofMinutes(10));

    // when
    views.write(List.of(Entry.of(completed(JOB, 3, tenMinutesAgo))));

    // then
    assertThat(redis.pexpireTime("job:job-1"))
        .isEqualTo(tenMinutesAgo.plus(Duration.ofHours(1)).toEpochMilli());
    assertThat(redis.ttl("job:job-1")).isGreaterThan(0).isLessThanOrEqualTo(3_600);
  }

  @Test
  void shouldChangeNothingWhenAnOlderEventComesLate() {
    // given
    views.write(List.of(Entry.of(completed(JOB, 3, now))));
    var expiry = redis.pexpireTime("job:job-1");

    // when
    views.write(List.of(Entry.of(started(JOB, 2, now.plusSeconds(60)))));

    // then
    assertThat(views.read(JOB).orElseThrow().view().status()).isEqualTo(JobStatus.COMPLETED);
    assertThat(redis.pexpireTime("job:job-1")).isEqualTo(expiry);
  }

  @Test
  void shouldChangeNothingWhenAnEventIsRepeated() {
    // given
    views.write(List.of(Entry.of(completed(JOB, 3, now))));
    var before = redis.hgetAll("job:job-1");

    // when
    views.write(List.of(Entry.of(started(JOB, 3, now))));

    // then
    assertThat(redis.hgetAll("job:job-1")).isEqualTo(before);
  }

  @Test
  void shouldTakeTheNewerEventAndItsExpiry() {
    // given
    views.write(List.of(Entry.of(started(JOB, 2, now))));

    // when
    views.write(List.of(Entry.of(completed(JOB, 10, now.plusSeconds(5)))));

    // then
    assertThat(views.read(JOB).orElseThrow().sequence()).isEqualTo(10);
    assertThat(redis.pexpireTime("job:job-1"))
        .isEqualTo(now.plusSeconds(5).plus(JobViews.TIME_TO_LIVE).toEpochMilli());
  }

  @Test
  void shouldNeverOverwriteAnEventWithTheSeedOfAnAcceptedJob() {
    // given
    views.write(List.of(Entry.of(started(JOB, 2, now))));

    // when
    views.write(List.of(seed(now.plus(JobViews.TIME_TO_LIVE))));

    // then
    assertThat(views.read(JOB).orElseThrow().view().status()).isEqualTo(JobStatus.IN_PROGRESS);
  }

  @Test
  void shouldLeaveNothingBehindWhenTheEventIsOlderThanAnHour() {
    // when
    views.write(List.of(Entry.of(completed(JOB, 3, now.minus(Duration.ofHours(2))))));

    // then
    assertThat(redis.exists("job:job-1")).isFalse();
    assertThat(views.read(JOB)).isEmpty();
  }

  @Test
  void shouldWriteAWholeBatchInOrder() {
    // given
    var jobs = 1_000;
    var batch =
        IntStream.range(0, jobs)
            .boxed()
            .flatMap(
                i -> {
                  var job = new JobId("job-" + i);
                  return java.util.stream.Stream.of(
                      Entry.of(started(job, 2, now)), Entry.of(completed(job, 3, now)));
                })
            .toList();

    // when
    views.write(batch);

    // then
    assertThat(redis.dbSize()).isEqualTo(jobs);
    assertThat(IntStream.range(0, jobs))
        .allSatisfy(
            i ->
                assertThat(views.read(new JobId("job-" + i)).orElseThrow().sequence())
                    .isEqualTo(3));
  }

  @Test
  void shouldWriteAnEmptyBatch() {
    views.write(List.of());

    assertThat(redis.dbSize()).isZero();
  }

  @Test
  void shouldFindNothingWhenTheJobIsUnknown() {
    assertThat(views.read(new JobId("nobody"))).isEmpty();
  }

  @Test
  void shouldFindNothingWhenSomebodyElseWroteIntoTheHash() {
    redis.hset(
        "job:job-1", Map.of("sequence", "many", "endpoint", "default", "document", "{\"id\":1"));
    assertThat(views.read(JOB)).as("garbage").isEmpty();

    redis.hset("job:job-1", Map.of("sequence", "1", "endpoint", "NOT ONE", "document", "{}"));
    assertThat(views.read(JOB)).as("illegal endpoint").isEmpty();

    redis.del("job:job-1");
    redis.hset("job:job-1", "sequence", "1");
    assertThat(views.read(JOB)).as("fields missing").isEmpty();
  }

  @Test
  void shouldFindNothingWhenTheKeyIsNoHash() {
    redis.set("job:job-1", "text");

    assertThat(views.read(JOB)).isEmpty();
  }

  @Test
  void shouldWriteOverWhatSomebodyElseLeft() {
    // given
    var other = new JobId("job-2");
    redis.set("job:job-1", "text");
    redis.hset("job:job-2", Map.of("sequence", "many"));

    // when
    views.write(List.of(Entry.of(completed(JOB, 3, now)), Entry.of(completed(other, 3, now))));

    // then
    assertThat(views.read(JOB).orElseThrow().sequence()).isEqualTo(3);
    assertThat(views.read(other).orElseThrow().sequence()).isEqualTo(3);
  }

  @Test
  void shouldWriteAgainWhenRedisForgotItsScripts() {
    // given
    views.write(List.of(Entry.of(started(JOB, 2, now))));
    redis.scriptFlush("job:job-1");

    // when
    views.write(List.of(Entry.of(completed(JOB, 3, now))));

    // then
    assertThat(views.read(JOB).orElseThrow().sequence()).isEqualTo(3);
  }

  @Test
  void shouldSayThatNobodyAnswers() {
    try (var nobody = new JobViews("redis://127.0.0.1:1")) {
      assertThatThrownBy(() -> nobody.read(JOB)).isInstanceOf(JedisConnectionException.class);
      assertThatThrownBy(nobody::ping).isInstanceOf(JedisConnectionException.class);
      assertThatThrownBy(() -> nobody.write(List.of(seed(now))))
          .isInstanceOf(JedisConnectionException.class);
    }
  }

  private static Entry seed(Instant expiresAt) {
    return new Entry(0, EndpointName.DEFAULT, JobView.accepted(JOB), expiresAt);
  }

  private static JobStarted started(JobId job, long sequence, Instant time) {
    return new JobStarted(meta(job, sequence, time), RUNNER, Duration.ofMillis(1), time);
  }

  private static JobCompleted completed(JobId job, long sequence, Instant time) {
    return new JobCompleted(
        meta(job, sequence, time),
        new Run(RUNNER, Duration.ofMillis(1), Duration.ofMillis(2)),
        RawJson.of("{\"n\": 1.50}"));
  }

  private static EventMeta meta(JobId job, long sequence, Instant time) {
    return new EventMeta(
        job, EndpointName.DEFAULT, sequence, 1, time, "runner/runner-1", Optional.empty());
  }
}
