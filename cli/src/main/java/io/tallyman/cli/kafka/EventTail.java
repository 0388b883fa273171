package io.tallyman.cli.kafka;

import io.tallyman.runtime.kafka.KafkaSettings;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.json.MalformedMessage;
import io.tallyman.schemas.kafka.Records;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;

/** Reads {@code job-events} from now on, as any downstream consumer could. */
public final class EventTail implements AutoCloseable {

  private final Consumer<byte[], byte[]> consumer;
  private final AtomicBoolean isClosed = new AtomicBoolean();
  private final Thread thread;

  /**
   * Stands at the end of the topic when it returns.
   *
   * @param receiver told of every committed event, on a thread of this tail
   */
  public EventTail(String kafka, java.util.function.Consumer<JobEvent> receiver) {
    this.consumer = KafkaSettings.consumer(kafka, "tally-demo", Map.of());
    var partitions =
        consumer.partitionsFor(Topics.EVENTS.name()).stream()
            .map(info -> new TopicPartition(info.topic(), info.partition()))
            .toList();
    consumer.assign(partitions);
    consumer.seekToEnd(partitions);
    partitions.forEach(consumer::position);
    this.thread = Thread.ofPlatform().name("event-tail").daemon().start(() -> run(receiver));
  }

  @Override
  public void close() {
    isClosed.set(true);
    consumer.wakeup();
    try {
      thread.join(Duration.ofSeconds(2));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run(java.util.function.Consumer<JobEvent> receiver) {
    try (consumer) {
      while (!isClosed.get()) {
        for (var record : consumer.poll(Duration.ofMillis(200))) {
          receiver.accept(Records.decode(JobEvent.class, record.headers(), record.value()));
        }
      }
    } catch (WakeupException e) {
      // Closed.
    } catch (MalformedMessage e) {
      throw new IllegalStateException(
          "Expected events alone on job-events, but: " + e.getMessage(), e);
    }
  }
}
