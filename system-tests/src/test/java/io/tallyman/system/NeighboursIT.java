package io.tallyman.system;

import static io.tallyman.system.Neighbourhood.API;
import static io.tallyman.system.Neighbourhood.DISPATCHER;
import static io.tallyman.system.Neighbourhood.PROCESSOR;
import static io.tallyman.system.Neighbourhood.RUNNER;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.runtime.kafka.KafkaSettings;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobCommand;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobRequest;
import io.tallyman.schemas.job.JobStatus;
import io.tallyman.schemas.job.Policy;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.schemas.kafka.Records;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import redis.clients.jedis.RedisClient;

/**
 * Kafka, Redis and the disk go away under services that work, in every way but an announced one;
 * all come back by themselves, and what was promised before still holds. The services are the same
 * processes from the first test to the last.
 */
class NeighboursIT {

  private static final Duration LIMIT = Duration.ofSeconds(90);

  @TempDir private static Path folder;
  private static Neighbourhood hood;

  @BeforeAll
  static void start() throws IOException {
    hood = new Neighbourhood(folder);
    hood.kafka().start();
    hood.redis().start();
    hood.start(API, PROCESSOR, RUNNER, DISPATCHER);
    hood.awaitReady();
  }

  @AfterAll
  static void stop() {
    hood.close();
  }

  @AfterEach
  void awaitAllReadyWithoutOneHavingEnded() {
    hood.awaitReady();
    hood.assertAllLive();
  }

  @Test
  void shouldLoseNothingWhenKafkaIsFrozenForAWhile() {
    // given
    var accepted = new ArrayList<>(submitAndAwaitRunning("2", "2"));
    accepted.add(hood.submit("0"));
    var keys = IntStream.range(0, 6).mapToObj(i -> "while-frozen-" + i).toList();

    // when
    hood.kafka().freeze();
    try {
      var answers =
          keys.stream()
              .map(key -> CompletableFuture.supplyAsync(() -> hood.submitOnce("0", key)))
              .toList();
      accepted.forEach(hood::look);

      // then each is answered in time, and they say why nothing moves
      answers.forEach(answer -> answer.join().ifPresent(accepted::add));
      hood.awaitReadiness(API, "503 ", "kafka NOT READY: does not answer");
      hood.awaitReadiness(RUNNER, "503 ", "kafka NOT READY: no heartbeat was acknowledged");
      hood.awaitReadiness(PROCESSOR, "503 ", "mirror NOT READY: Kafka has not answered");
      accepted.forEach(hood::look);
    } finally {
      hood.kafka().thaw();
    }

    // then
    for (var key : keys) {
      accepted.add(awaitAccepted(key));
    }
    hood.awaitCompletedOnce(accepted);
  }

  @Test
  void shouldGoOnByThemselvesWhenKafkaIsKilledAndStartedAgain() throws IOException {
    try (var receiver = new Receiver()) {
      // given
      var jobs = new ArrayList<>(submitAndAwaitRunning("3", "3", "3", "3"));
      jobs.add(hood.submit("0", receiver));
      jobs.add(hood.submit("0", receiver));

      // when
      hood.kafka().kill();
      jobs.forEach(hood::look);
      hood.kafka().start();

      // then
      hood.awaitCompletedOnce(jobs);
      hood.awaitReady();
      var next = hood.submit("0", receiver);
      hood.awaitCompletedOnce(List.of(next));
      for (var job : List.of(jobs.getLast(), next)) {
        Await.until(
            LIMIT,
            () -> "received " + receiver.bodiesOf(job),
            () -> receiver.bodiesOf(job).stream().anyMatch(body -> body.contains("COMPLETED")));
      }
    }
  }

  @Test
  void shouldRunJobsAndTellTheirStateWhenRedisIsFrozen() {
    // given
    var ended = hood.submit("0");
    hood.awaitCompletedOnce(List.of(ended));
    var jobs = new ArrayList<>(submitAndAwaitRunning("3"));

    // when
    hood.redis().freeze();
    try {
      // then
      IntStream.range(0, 3).forEach(_ -> jobs.add(hood.submit("0")));
      hood.awaitStatus(ended, JobStatus.COMPLETED);
      hood.awaitCompletedOnce(jobs);
      hood.awaitReadiness(API, "200 ", "redis ready: does not answer");
      hood.awaitReadiness(PROCESSOR, "503 ", "mirror NOT READY: Redis takes no");
    } finally {
      hood.redis().thaw();
    }

    // then
    jobs.add(ended);
    hood.awaitMirrored(jobs, JobStatus.COMPLETED);
  }

  /** How Redis may lose all that it has. */
  enum Loss {
    EMPTIED {
      @Override
      void happen() {
        try (var client = RedisClient.create("redis://" + hood.redis().address())) {
          client.flushAll();
        }
      }
    },
    KILLED_AND_BACK_EMPTY {
      @Override
      void happen() {
        hood.redis().kill();
        hood.redis().start();
      }
    };

    abstract void happen();
  }

  @ParameterizedTest
  @EnumSource
  void shouldTellTheStateOfEachJobWhenRedisLosesAllInMidFlight(Loss loss) {
    // given an api that has nothing in its memory either
    var ended = hood.submit("0");
    hood.awaitCompletedOnce(List.of(ended));
    var jobs = new ArrayList<>(submitAndAwaitRunning("6", "6", "6", "6"));
    jobs.add(hood.submit("0"));
    jobs.add(ended);
    hood.kill(API);
    hood.start(API);
    hood.awaitReady();
    jobs.forEach(hood::look);

    // when
    loss.happen();

    // then
    jobs.forEach(hood::look);
    hood.awaitStatus(ended, JobStatus.COMPLETED);
    hood.awaitMirrored(List.of(ended), JobStatus.COMPLETED);
    hood.awaitCompletedOnce(jobs);
    hood.awaitMirrored(jobs, JobStatus.COMPLETED);
  }

  @Test
  void shouldRememberAllJobsWhenTheStateOfTheProcessorIsLost() throws Exception {
    // given
    var keyed = hood.submitOnce("0", "before-the-loss").orElseThrow();
    hood.awaitCompletedOnce(List.of(keyed));
    var failed = hood.submit("\"fail\"");
    hood.awaitStatus(failed, JobStatus.FAILED);
    var running = submitAndAwaitRunning("4");

    // when
    hood.kill(PROCESSOR);
    delete(hood.dataOf(PROCESSOR));
    hood.start(PROCESSOR);
    hood.awaitReady();

    // then
    hood.awaitCompletedOnce(running);
    assertThat(hood.submitOnce("0", "before-the-loss")).contains(keyed);
    // It would begin a second history, had the processor forgotten the first.
    tell(new JobCommand.Submit(new JobId(failed), otherRequest(), "api"));
    tell(new JobCommand.Retry(new JobId(failed), "api"));
    Await.until(
        LIMIT, () -> hood.history(failed), () -> hood.history(failed).contains("job.completed.v1"));
    assertThat(hood.history(failed))
        .containsOnlyOnce("job.queued.v1")
        .containsOnlyOnce("job.failed.v1")
        .containsOnlyOnce("job.completed.v1");
  }

  /** Jobs of so many seconds, which run when this returns. */
  private static List<String> submitAndAwaitRunning(String... seconds) {
    var jobs = Stream.of(seconds).map(hood::submit).toList();
    jobs.forEach(
        job ->
            Await.until(
                LIMIT,
                () -> hood.history(job),
                () -> hood.look(job).filter(it -> it != JobStatus.IN_QUEUE).isPresent()));
    return jobs;
  }

  /** Repeats a submission until it is taken, as a client must after a 503. */
  private static String awaitAccepted(String key) {
    var job = new ArrayList<String>();
    Await.until(
        LIMIT,
        () -> key + " is not accepted; " + hood.readyz(API),
        () -> {
          hood.submitOnce("0", key).ifPresent(job::add);
          return !job.isEmpty();
        });
    return job.getFirst();
  }

  private static JobRequest otherRequest() {
    return new JobRequest(
        EndpointName.DEFAULT, RawJson.of("0"), Policy.DEFAULT, Optional.empty(), "f00d");
  }

  private static void tell(JobCommand command) throws Exception {
    try (var producer = KafkaSettings.producer(hood.kafka().address(), "test", 10_000)) {
      var job = command.jobId().value();
      producer
          .send(Records.of(Topics.COMMANDS, job, command, "of-the-test", "/test", Instant.now()))
          .get();
    }
  }

  private static void delete(Path folder) throws IOException {
    try (var all = Files.walk(folder)) {
      for (var path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
