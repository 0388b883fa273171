package io.tallyman.bench.kafka;

import io.tallyman.runtime.kafka.KafkaSettings;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.EventMeta;
import io.tallyman.schemas.job.JobEvent.JobRequeued;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.kafka.Records;
import java.net.URI;
import java.time.InstantSource;
import java.util.Optional;
import org.apache.kafka.clients.producer.Producer;

/** Writes events to {@code job-events} past the state-processor, which is not measured here. */
public final class EventWriter implements AutoCloseable {

  private static final int TIMEOUT_MS = 30_000;

  private final Producer<String, byte[]> producer;
  private final InstantSource clock;

  /** A writer to the log of a stack that nobody needs afterwards. */
  public EventWriter(String kafka, InstantSource clock) {
    this.producer = KafkaSettings.producer(kafka, "tally-bench-events", TIMEOUT_MS);
    this.clock = clock;
  }

  /** One event of a job of its own; sent in the background. */
  public void write(String job, URI receiver) {
    var now = clock.instant();
    var meta =
        new EventMeta(
            new JobId(job), EndpointName.DEFAULT, 1, 1, now, "bench", Optional.of(receiver));
    var event = new JobRequeued(meta, "retried: bench", now.plusSeconds(600));
    var _ = producer.send(Records.of(Topics.EVENTS, job, event, job + ":1", "/bench", now));
  }

  /** Waits until all are durable. */
  public void flush() {
    producer.flush();
  }

  @Override
  public void close() {
    producer.close();
  }
}
