package io.tallyman.api.kafka;

import io.tallyman.api.views.Unavailable;
import io.tallyman.runtime.kafka.KafkaSettings;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.Topics.Topic;
import io.tallyman.schemas.job.JobCommand;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.WebhookRedelivery;
import io.tallyman.schemas.kafka.Records;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes what clients want; back means durable. Thread-safe. */
public final class CommandWriter implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(CommandWriter.class);

  /**
   * How long a command may wait for its acknowledgement; RunPod's clients give up after 3 to 10 s.
   */
  private static final int DELIVERY_TIMEOUT_MS = 5_000;

  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(1);
  private static final String SOURCE = "/api";

  private final String bootstrapServers;
  private final InstantSource clock;
  private final AtomicReference<Optional<Producer<String, byte[]>>> producer =
      new AtomicReference<>(Optional.empty());

  /** Connects when {@link #open} is called. */
  public CommandWriter(String bootstrapServers, InstantSource clock) {
    this.bootstrapServers = bootstrapServers;
    this.clock = clock;
  }

  /** Commands are taken from here on. To be called once the topics exist. */
  void open() {
    producer.set(Optional.of(KafkaSettings.producer(bootstrapServers, "api", DELIVERY_TIMEOUT_MS)));
  }

  /**
   * Writes a command, and returns when every in-sync replica has it.
   *
   * @param commandId its {@code ce_id}, by which a {@link io.tallyman.schemas.job.Rejection} names
   *     it
   * @throws Unavailable when that was not confirmed in 5 s. Then the broker does not have it, save
   *     when the connection broke between its write and its answer: who must know repeats under an
   *     idempotency key.
   */
  public void write(JobCommand command, String commandId) throws Unavailable {
    write(Topics.COMMANDS, command.jobId(), command, commandId);
  }

  /**
   * Orders that a receiver is told again, and returns when every in-sync replica has it.
   *
   * @throws Unavailable when that was not confirmed in 5 s
   */
  public void write(WebhookRedelivery order) throws Unavailable {
    write(
        Topics.WEBHOOK_REDELIVERIES, order.jobId(), order, order.webhookId() + ":" + order.time());
  }

  private void write(Topic topic, JobId job, Object message, String id) throws Unavailable {
    var open =
        producer
            .get()
            .orElseThrow(() -> unavailable("Kafka has not answered since this service started"));
    try {
      open.send(Records.of(topic, job.value(), message, id, SOURCE, clock.instant())).get();
    } catch (ExecutionException e) {
      LOG.warn("job {}: not written to {}: {}", job, topic.name(), String.valueOf(e.getCause()));
      throw unavailable("Kafka did not confirm it in time");
    } catch (InterruptException e) {
      // The client has set the interrupt flag again.
      throw unavailable("this service stops");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw unavailable("this service stops");
    } catch (KafkaException | IllegalStateException e) {
      LOG.warn("job {}: not sent to {}: {}", job, topic.name(), e.toString());
      throw unavailable("Kafka does not take it");
    }
  }

  @Override
  public void close() {
    producer.getAndSet(Optional.empty()).ifPresent(open -> open.close(CLOSE_TIMEOUT));
  }

  private static Unavailable unavailable(String why) {
    return new Unavailable(
        Unavailable.Reason.EVENT_LOG_UNAVAILABLE,
        "Expected to write to the event log, but " + why + ". Try again");
  }
}
