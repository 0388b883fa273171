package io.tallyman.system;

import static io.tallyman.system.Neighbourhood.API;
import static io.tallyman.system.Neighbourhood.DISPATCHER;
import static io.tallyman.system.Neighbourhood.PROCESSOR;
import static io.tallyman.system.Neighbourhood.RUNNER;

import io.tallyman.schemas.job.JobStatus;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * An operator starts all together, and nothing says which is up first: each service waits for what
 * it needs, names it, and goes on when it comes, with nobody to start it again.
 */
class LateNeighboursIT {

  @TempDir Path folder;

  private Neighbourhood hood;

  @BeforeEach
  void prepare() throws IOException {
    hood = new Neighbourhood(folder);
  }

  @AfterEach
  void stop() {
    hood.close();
  }

  @Test
  void shouldNameKafkaAndWaitForItAndRunAJobWhenItComes() {
    // given no Kafka
    hood.redis().start();

    // when
    hood.start(API, PROCESSOR, RUNNER, DISPATCHER);

    // then
    hood.awaitReadiness(API, "503 ", "kafka NOT READY: waits for Kafka");
    hood.awaitReadiness(PROCESSOR, "503 ", "streams NOT READY: waits for Kafka");
    hood.awaitReadiness(RUNNER, "503 ", "kafka NOT READY: waits for Kafka");
    hood.awaitReadiness(DISPATCHER, "503 ", "kafka NOT READY: waits for Kafka");
    hood.assertAllLive();

    // when
    hood.kafka().start();

    // then
    hood.awaitReady();
    hood.awaitCompletedOnce(List.of(hood.submit("0")));
    hood.assertAllLive();
  }

  @Test
  void shouldRunJobsWithoutRedisAndShowThemThereWhenItComes() {
    // given no Redis
    hood.kafka().start();

    // when
    hood.start(API, PROCESSOR, RUNNER);

    // then
    hood.awaitReadiness(API, "200 ", "redis ready: does not answer");
    hood.awaitReadiness(PROCESSOR, "503 ", "streams ready", "mirror NOT READY: Redis takes no");
    var jobs = List.of(hood.submit("0"), hood.submit("0"), hood.submit("0"));
    hood.awaitCompletedOnce(jobs);
    hood.assertAllLive();

    // when
    hood.redis().start();

    // then
    hood.awaitMirrored(jobs, JobStatus.COMPLETED);
    hood.awaitReadiness(API, "redis ready: answers");
    hood.awaitReady();
    hood.awaitCompletedOnce(jobs);
  }
}
