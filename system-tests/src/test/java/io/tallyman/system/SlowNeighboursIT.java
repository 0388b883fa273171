package io.tallyman.system;

import static io.tallyman.system.Neighbourhood.API;
import static io.tallyman.system.Neighbourhood.DISPATCHER;
import static io.tallyman.system.Neighbourhood.PROCESSOR;
import static io.tallyman.system.Neighbourhood.RUNNER;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.schemas.job.JobStatus;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kafka and Redis on the other side of the world: all takes longer, and nothing else changes. */
class SlowNeighboursIT {

  /** 300 ms there and back. */
  private static final Duration EACH_WAY = Duration.ofMillis(150);

  private static final Duration LIMIT = Duration.ofSeconds(60);

  @TempDir Path folder;

  @Test
  void shouldStayReadyAndCompleteJobsOnceWhenKafkaAndRedisAreSlow() throws IOException {
    try (var hood = new Neighbourhood(folder, true);
        var receiver = new Receiver()) {
      // given
      hood.kafka().start();
      hood.redis().start();
      hood.start(API, PROCESSOR, RUNNER, DISPATCHER);
      hood.awaitReady();

      // when
      hood.kafka().delay(EACH_WAY);
      hood.redis().delay(EACH_WAY);
      var told = hood.submit("0", receiver);
      var jobs = List.of(told, hood.submit("0"), hood.submit("2"), hood.submit("2"));

      // then
      hood.awaitCompletedOnce(jobs);
      hood.awaitMirrored(jobs, JobStatus.COMPLETED);
      Await.until(
          LIMIT,
          () -> "told " + receiver.statesOf(told),
          () -> receiver.statesOf(told).size() == 3);
      assertThat(receiver.deliveriesOf(told))
          .containsExactly("IN_QUEUE", "IN_PROGRESS", "COMPLETED");
      assertThat(Stream.of(API, PROCESSOR, RUNNER, DISPATCHER).map(hood::readyz))
          .allMatch(it -> it.startsWith("200 "));
      hood.assertAllLive();
    }
  }
}
