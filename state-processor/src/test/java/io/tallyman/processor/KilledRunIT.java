package io.tallyman.processor;

import static io.tallyman.processor.Jobs.submit;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.embedded.EmbeddedKafka;
import io.tallyman.embedded.EmbeddedRedis;
import io.tallyman.processor.kafka.KafkaProbe;
import io.tallyman.runtime.Service.Health;
import io.tallyman.schemas.job.JobId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A store with a job that the log does not have. A processor leaves one when it is killed while it
 * closes a task whose transaction was aborted: a moment that no test can hit, so the store is made
 * in another installation.
 */
class KilledRunIT {

  private static final Duration SOON = Duration.ofSeconds(30);
  private static final JobId ABORTED = new JobId("aborted");

  /** As many others that the changelog goes on behind what the store says it holds. */
  private static final int OTHERS = 60;

  @TempDir Path folder;

  @Test
  void shouldQueueTheJobThatAKilledRunHadStoredAndNotCommitted() throws IOException {
    try (var redis = EmbeddedRedis.start(folder.resolve("redis"))) {
      // given
      var killed = folder.resolve("killed");
      try (var elsewhere = EmbeddedKafka.start(folder.resolve("elsewhere"))) {
        var processor = start(elsewhere, redis, killed);
        queue(elsewhere, ABORTED);
        assertThat(mark(killed)).as("a run has its mark").exists();
        processor.close();
        assertThat(mark(killed)).as("and takes it off").doesNotExist();
      }
      try (var kafka = EmbeddedKafka.start(folder.resolve("kafka"))) {
        var before = start(kafka, redis, folder.resolve("before"));
        queue(
            kafka,
            IntStream.range(0, OTHERS)
                .mapToObj(i -> new JobId("other-" + i))
                .toArray(JobId[]::new));
        before.close();

        // when
        Files.createFile(mark(killed));
        var after = start(kafka, redis, killed);

        // then
        queue(kafka, ABORTED);
        after.close();
      }
    }
  }

  private static Path mark(Path data) {
    return data.resolve("state-processor/running");
  }

  /** Submits them; each is queued. */
  private static void queue(EmbeddedKafka kafka, JobId... jobs) {
    try (var probe = new KafkaProbe(kafka.bootstrapServers())) {
      for (var job : jobs) {
        probe.give(submit(job));
      }
      Await.until(
          SOON,
          () -> {
            for (var job : jobs) {
              assertThat(probe.events(job)).as(job.value()).hasSize(1);
            }
          });
    }
  }

  private static StateProcessor start(EmbeddedKafka kafka, EmbeddedRedis redis, Path data) {
    var processor =
        StateProcessor.start(
            ProcessorSettings.from(
                Map.of(
                    "TALLY_KAFKA",
                    kafka.bootstrapServers(),
                    "TALLY_REDIS",
                    redis.url(),
                    "TALLY_DATA_DIR",
                    data.toString(),
                    "TALLY_PROCESSOR_ID",
                    "processor-1")));
    Await.until(SOON, () -> assertThat(processor.health()).allMatch(Health::isReady));
    return processor;
  }
}
