package io.tallyman.bench.kafka;

import io.tallyman.runtime.kafka.KafkaSettings;
import io.tallyman.schemas.MessageTypes;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.kafka.Records;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.TopicPartition;

/** Counts {@code JobCompleted} on {@code job-events} from now on, by its header alone. */
public final class Completions implements AutoCloseable {

  /** Nothing completed for so long means that something is stuck. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private static final String COMPLETED = nameOf(JobEvent.JobCompleted.class);

  private final Consumer<byte[], byte[]> consumer;

  /** Stands at the end of the topic when it returns. */
  public Completions(String kafka) {
    this.consumer = KafkaSettings.consumer(kafka, "tally-bench", Map.of());
    var partitions =
        consumer.partitionsFor(Topics.EVENTS.name()).stream()
            .map(info -> new TopicPartition(info.topic(), info.partition()))
            .collect(Collectors.toSet());
    consumer.assign(partitions);
    consumer.seekToEnd(partitions);
    partitions.forEach(consumer::position);
  }

  /**
   * Reads until so many jobs are completed.
   *
   * @throws TimeoutException when none completes for 30 s
   */
  public void await(int count) throws TimeoutException {
    var completed = 0;
    var progressAt = System.nanoTime();
    while (completed < count) {
      var before = completed;
      for (var record : consumer.poll(Duration.ofMillis(100))) {
        if (COMPLETED.equals(Records.text(record.headers(), "ce_type"))) {
          completed++;
        }
      }
      if (completed > before) {
        progressAt = System.nanoTime();
      } else if (System.nanoTime() - progressAt > PATIENCE.toNanos()) {
        throw new TimeoutException(
            "Expected %d completed jobs, but only %d are, and none for %s"
                .formatted(count, completed, PATIENCE));
      }
    }
  }

  @Override
  public void close() {
    consumer.close();
  }

  private static String nameOf(Class<?> record) {
    return MessageTypes.ALL.stream()
        .filter(type -> type.record().equals(record))
        .findFirst()
        .orElseThrow()
        .name();
  }
}
