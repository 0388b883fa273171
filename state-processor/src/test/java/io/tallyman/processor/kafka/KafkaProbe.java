package io.tallyman.processor.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.processor.Jobs;
import io.tallyman.runtime.kafka.KafkaSettings;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.job.JobCommand;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.json.MalformedMessage;
import io.tallyman.schemas.kafka.Records;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/** What a test says to Kafka and reads from it: commands in, committed records out. */
public final class KafkaProbe implements AutoCloseable {

  private static final int SEND_LIMIT_MS = 20_000;

  private final Producer<String, byte[]> producer;
  private final Consumer<byte[], byte[]> consumer;
  private final List<ConsumerRecord<byte[], byte[]>> seen = new ArrayList<>();
  private int commandCount;

  /** Reads {@code job-events} and {@code dead-letters} from now on. */
  public KafkaProbe(String kafka) {
    producer = KafkaSettings.producer(kafka, "test", SEND_LIMIT_MS);
    consumer = KafkaSettings.consumer(kafka, "test", Map.of());
    var partitions =
        new ArrayList<>(
            IntStream.range(0, Topics.EVENTS.partitions())
                .mapToObj(it -> new TopicPartition(Topics.EVENTS.name(), it))
                .toList());
    partitions.add(new TopicPartition(Topics.DEAD_LETTERS.name(), 0));
    consumer.assign(partitions);
    consumer.seekToEnd(partitions);
    partitions.forEach(consumer::position);
  }

  /**
   * Gives a command; returns when it is durable.
   *
   * @return its partition
   */
  public int give(JobCommand command) {
    return put(
        Records.of(
            Topics.COMMANDS,
            command.jobId().value(),
            command,
            "command-" + ++commandCount,
            "/test",
            // The broker's own time counts.
            Jobs.T0));
  }

  /** Writes events past the processor, as if they had been decided. */
  public void tell(List<JobEvent> events) {
    for (var event : events) {
      var meta = event.meta();
      var _ =
          producer.send(
              Records.of(
                  Topics.EVENTS,
                  meta.jobId().value(),
                  event,
                  meta.jobId() + ":" + meta.sequence(),
                  "/test",
                  meta.time()));
    }
    producer.flush();
  }

  /** Puts a record as it is into a partition; a key that is no text is not possible here. */
  public void put(ProducerRecord<byte[], byte[]> record, int partition) {
    put(
        new ProducerRecord<>(
            record.topic(),
            partition,
            record.key() == null ? null : new String(record.key(), UTF_8),
            record.value(),
            record.headers()));
  }

  private int put(ProducerRecord<String, byte[]> record) {
    try {
      return producer.send(record).get().partition();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("Told to stop while writing", e);
    } catch (ExecutionException e) {
      throw new AssertionError("Expected the record to be written, but failed", e);
    }
  }

  /** The events of a job, in order, that have come so far. */
  public List<JobEvent> events(JobId job) {
    poll();
    return seen.stream()
        .filter(it -> it.topic().equals(Topics.EVENTS.name()))
        .filter(it -> new String(it.key(), UTF_8).equals(job.value()))
        .map(KafkaProbe::event)
        .toList();
  }

  /** Where the records came from that became dead letters since the start. */
  public List<String> deadLetterOrigins() {
    poll();
    return seen.stream()
        .filter(it -> it.topic().equals(Topics.DEAD_LETTERS.name()))
        .map(it -> String.valueOf(Records.text(it.headers(), "tallyman-origin")))
        .toList();
  }

  private void poll() {
    consumer.poll(Duration.ofMillis(20)).forEach(seen::add);
  }

  private static JobEvent event(ConsumerRecord<byte[], byte[]> record) {
    try {
      return Records.decode(JobEvent.class, record.headers(), record.value());
    } catch (MalformedMessage e) {
      throw new AssertionError("Expected an event, but: " + e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    producer.close(Duration.ofSeconds(1));
    consumer.close();
  }
}
