package io.tallyman.processor;

import static io.tallyman.processor.Jobs.OUTPUT;
import static io.tallyman.processor.Jobs.RUNNER;
import static io.tallyman.processor.Jobs.submit;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.tallyman.embedded.EmbeddedKafka;
import io.tallyman.embedded.EmbeddedRedis;
import io.tallyman.embedded.FreePort;
import io.tallyman.processor.kafka.KafkaProbe;
import io.tallyman.processor.topology.Poison;
import io.tallyman.runtime.Service.Health;
import io.tallyman.runtime.redis.JobViews;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobCommand;
import io.tallyman.schemas.job.JobCommand.Complete;
import io.tallyman.schemas.job.JobCommand.Start;
import io.tallyman.schemas.job.JobCommand.Submit;
import io.tallyman.schemas.job.JobEvent.JobQueued;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobRequest;
import io.tallyman.schemas.job.JobStatus;
import io.tallyman.schemas.job.JobView;
import io.tallyman.schemas.job.Policy;
import io.tallyman.schemas.job.RawJson;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import redis.clients.jedis.RedisClient;

/** The whole service with a real Kafka and a real Redis. */
class StateProcessorIT {

  /** Longest wait for what takes milliseconds on a quiet machine; what Redis lost is back then. */
  private static final Duration SOON = Duration.ofSeconds(30);

  @TempDir private static Path folder;
  private static Path data;
  private static EmbeddedKafka kafka;
  private static EmbeddedRedis redis;
  private static StateProcessor processor;
  private static KafkaProbe probe;

  @BeforeAll
  static void start() {
    data = folder.resolve("data");
    kafka = EmbeddedKafka.start(folder.resolve("kafka"));
    redis = EmbeddedRedis.start(folder.resolve("redis"));
    processor = startProcessor();
    awaitReady(processor);
    probe = new KafkaProbe(kafka.bootstrapServers());
  }

  @AfterAll
  static void stop() {
    probe.close();
    processor.close();
    redis.close();
    kafka.close();
  }

  @Test
  void shouldDecideAndMirrorEachStepOfAJob() {
    var job = new JobId("through");

    probe.give(submit(job));
    awaitMirrored(job, 1, JobStatus.IN_QUEUE);
    probe.give(start(job));
    awaitMirrored(job, 2, JobStatus.IN_PROGRESS);
    probe.give(complete(job));
    awaitMirrored(job, 3, JobStatus.COMPLETED);
  }

  @Test
  void shouldTakeAnInputOfNineMegabytes() {
    // given
    var job = new JobId("large");
    var input = RawJson.of("\"" + "0123456789abcdef".repeat(9_000_000 / 16) + "\"");

    // when
    probe.give(
        new Submit(
            job,
            new JobRequest(EndpointName.DEFAULT, input, Policy.DEFAULT, Optional.empty(), "f00d"),
            "api"));
    probe.give(start(job));
    probe.give(complete(job));

    // then
    awaitMirrored(job, 3, JobStatus.COMPLETED);
    assertThat(probe.events(job).getFirst())
        .isInstanceOfSatisfying(
            JobQueued.class, it -> assertThat(it.request().input().equals(input)).isTrue());
  }

  @Test
  void shouldBuryEachPoisonOnceAndGoOn() {
    // given
    var job = new JobId("among-poison");
    var partition = probe.give(submit(job));
    var before = probe.deadLetterOrigins();

    // when
    var poisons = Poison.all();
    poisons.forEach(it -> probe.put(it.record(), partition));
    probe.give(new JobCommand.Cancel(job, "api"));

    // then
    awaitMirrored(job, 2, JobStatus.CANCELLED);
    Await.until(
        SOON,
        () ->
            assertThat(probe.deadLetterOrigins())
                .doesNotHaveDuplicates()
                .hasSize(before.size() + poisons.size())
                .allMatch(it -> it.startsWith("job-commands-" + partition + "@")));
  }

  @Test
  void shouldGoOnWithItsStateWhenStartedAgain() {
    // given
    var job = new JobId("over-a-restart");
    var meanwhile = new JobId("meanwhile");
    probe.give(submit(job));
    probe.give(start(job));
    awaitMirrored(job, 2, JobStatus.IN_PROGRESS);

    // when
    closeInTime(processor);
    probe.give(submit(meanwhile));
    processor = startProcessor();
    probe.give(complete(job));

    // then
    awaitMirrored(job, 3, JobStatus.COMPLETED);
    awaitMirrored(meanwhile, 1, JobStatus.IN_QUEUE);
  }

  @Test
  void shouldRebuildItsStateFromKafkaWhenItsFolderIsLost() {
    // given
    var job = new JobId("over-a-loss");
    probe.give(submit(job));
    probe.give(start(job));
    awaitMirrored(job, 2, JobStatus.IN_PROGRESS);

    // when
    closeInTime(processor);
    data = folder.resolve("data-after-the-loss");
    processor = startProcessor();
    probe.give(complete(job));

    // then
    awaitMirrored(job, 3, JobStatus.COMPLETED);
  }

  @Test
  void shouldGoOnWithJobsWhenRedisIsDownAndMirrorThemWhenItIsBack() {
    // given
    var before = new JobId("before-redis-died");
    var meanwhile = new JobId("while-redis-was-down");
    probe.give(submit(before));
    probe.give(start(before));
    awaitMirrored(before, 2, JobStatus.IN_PROGRESS);
    var port = URI.create(redis.url()).getPort();

    // when
    redis.close();
    probe.give(complete(before));
    probe.give(submit(meanwhile));
    probe.give(start(meanwhile));

    // then
    Await.until(SOON, () -> assertThat(probe.events(before)).hasSize(3));
    Await.until(SOON, () -> assertThat(probe.events(meanwhile)).hasSize(2));
    Await.until(
        SOON,
        () ->
            assertThat(processor.health())
                .extracting(Health::name, Health::isReady)
                .containsExactly(tuple("streams", true), tuple("mirror", false)));

    // when it is back, empty
    redis = EmbeddedRedis.start(folder.resolve("redis"), port);

    // then
    awaitMirrored(before, 3, JobStatus.COMPLETED);
    awaitMirrored(meanwhile, 2, JobStatus.IN_PROGRESS);
    awaitReady(processor);
  }

  @Test
  void shouldMirrorAgainWhenRedisWasEmptied() {
    // given
    var job = new JobId("before-flush");
    probe.give(submit(job));
    awaitMirrored(job, 1, JobStatus.IN_QUEUE);

    // when
    try (var client = RedisClient.create(redis.url())) {
      client.flushAll();
    }

    // then
    awaitMirrored(job, 1, JobStatus.IN_QUEUE);
  }

  @Test
  void shouldBecomeReadyWhenKafkaComesLater() {
    // given
    var port = FreePort.find();
    var late =
        StateProcessor.start(settings("127.0.0.1:" + port, folder.resolve("late-data"), "late-1"));
    assertThat(late.health()).noneMatch(Health::isReady);

    // when
    var lateKafka = EmbeddedKafka.start(folder.resolve("late-kafka"), port);
    try {
      // then
      awaitReady(late);
      try (var lateProbe = new KafkaProbe(lateKafka.bootstrapServers())) {
        var job = new JobId("early-bird");
        lateProbe.give(submit(job));
        Await.until(SOON, () -> assertThat(lateProbe.events(job)).hasSize(1));
      }
    } finally {
      lateKafka.close();
    }
    closeInTime(late);
  }

  @Test
  void shouldStopInTimeWhenKafkaNeverCame() {
    closeInTime(
        StateProcessor.start(
            settings("127.0.0.1:" + FreePort.find(), folder.resolve("never"), "never-1")));
  }

  private static StateProcessor startProcessor() {
    return StateProcessor.start(settings(kafka.bootstrapServers(), data, "processor-1"));
  }

  private static ProcessorSettings settings(String bootstrap, Path data, String instance) {
    return ProcessorSettings.from(
        Map.of(
            "TALLY_KAFKA",
            bootstrap,
            "TALLY_REDIS",
            redis.url(),
            "TALLY_DATA_DIR",
            data.toString(),
            "TALLY_PROCESSOR_ID",
            instance));
  }

  private static Start start(JobId job) {
    return new Start(job, 1, RUNNER);
  }

  private static Complete complete(JobId job) {
    return new Complete(job, 1, RUNNER, OUTPUT);
  }

  private static void awaitReady(StateProcessor service) {
    Await.until(SOON, () -> assertThat(service.health()).allMatch(Health::isReady));
  }

  private static void closeInTime(StateProcessor service) {
    var before = System.nanoTime();
    service.close();
    assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(4));
  }

  /** Redis shows the fold of the log, and will forget it within the hour. */
  private static void awaitMirrored(JobId job, int sequence, JobStatus status) {
    try (var views = new JobViews(redis.url());
        var client = RedisClient.create(redis.url())) {
      Await.until(
          SOON,
          () -> {
            var events = probe.events(job);
            assertThat(events).hasSize(sequence);
            var view = views.read(job).orElseThrow(() -> new AssertionError("no view of " + job));
            assertThat(view.sequence()).isEqualTo(sequence);
            assertThat(view.view()).isEqualTo(JobView.of(events.getLast()));
            assertThat(view.view().status()).isEqualTo(status);
            assertThat(client.pttl(JobViews.key(job))).isBetween(1L, 3_600_000L);
          });
    }
  }
}
