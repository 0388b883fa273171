package io.tallyman.webhooks.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.schemas.Topics;
import io.tallyman.schemas.Topics.Topic;
import io.tallyman.schemas.job.WebhookAttempt;
import io.tallyman.schemas.job.WebhookRedelivery;
import io.tallyman.schemas.kafka.Records;
import io.tallyman.webhooks.delivery.AttemptLog;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The topics this service writes: attempts, deliveries given up, records it could not read.
 * Thread-safe; its own lock guards the producer, which is made on first use, because that needs
 * Kafka's address to resolve.
 */
public final class WebhookTopics implements AttemptLog, AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(WebhookTopics.class);
  private static final String SERVICE = "webhook-dispatcher";
  private static final String SOURCE = "/" + SERVICE;

  /** What {@link #close} may take to get the last attempts out. */
  private static final Duration FLUSH = Duration.ofMillis(500);

  private final Supplier<Producer<String, byte[]>> producers;
  private final Supplier<Producer<String, byte[]>> spillProducers;
  private @Nullable Producer<String, byte[]> producer;
  private @Nullable Producer<String, byte[]> spillProducer;
  private boolean isClosed;

  /**
   * Connects on first use.
   *
   * @param producers makes the one producer
   * @param spillProducers makes the one for events that are put aside, which never gives up
   */
  public WebhookTopics(
      Supplier<Producer<String, byte[]>> producers,
      Supplier<Producer<String, byte[]>> spillProducers) {
    this.producers = producers;
    this.spillProducers = spillProducers;
  }

  @Override
  public void record(WebhookAttempt attempt) {
    send(record(Topics.WEBHOOK_ATTEMPTS, attempt))
        .whenComplete(
            (_, failure) -> {
              if (failure != null) {
                LOG.warn(
                    "attempt {} of job {} sequence {} is not recorded: {}",
                    attempt.attempt(),
                    attempt.jobId(),
                    attempt.sequence(),
                    failure.toString());
              }
            });
  }

  @Override
  public CompletionStage<?> giveUp(WebhookAttempt last) {
    return logged(
        send(record(Topics.WEBHOOK_DEAD_LETTERS, last)),
        "the dead letter of job %s sequence %d".formatted(last.jobId(), last.sequence()));
  }

  /** Orders that a receiver is told again; a failure is logged, and whoever looks orders anew. */
  void order(WebhookRedelivery redelivery) {
    logged(
        send(
            Records.of(
                Topics.WEBHOOK_REDELIVERIES,
                redelivery.jobId().value(),
                redelivery,
                redelivery.webhookId() + ":" + redelivery.time(),
                SOURCE,
                redelivery.time())),
        "the redelivery of job %s sequence %d"
            .formatted(redelivery.jobId(), redelivery.sequence()));
  }

  /** Waits until what was written is durable, or has failed. */
  void flush() {
    producer().flush();
  }

  /** Writes the dead letter of a record of the event log; completes when that is durable. */
  CompletionStage<?> reject(ConsumerRecord<byte[], byte[]> origin, String reason) {
    var letter = Records.deadLetter(origin, reason, SERVICE);
    var key = letter.key() == null ? null : new String(letter.key(), UTF_8);
    return logged(
        send(
            new ProducerRecord<>(
                letter.topic(), null, null, key, letter.value(), letter.headers())),
        "the dead letter of %s-%d@%d"
            .formatted(origin.topic(), origin.partition(), origin.offset()));
  }

  /**
   * Puts a record of the event log aside, as it is; completes with its offset when that is durable.
   * In order: a later one is never durable before an earlier one of its partition, so none is ever
   * given up for being late.
   */
  CompletionStage<Long> spill(ConsumerRecord<byte[], byte[]> origin, String target) {
    var written = new CompletableFuture<Long>();
    try {
      var record =
          new ProducerRecord<>(
              Topics.WEBHOOK_OVERFLOW.name(),
              origin.partition(),
              null,
              origin.key() == null ? null : new String(origin.key(), UTF_8),
              origin.value(),
              origin.headers());
      record
          .headers()
          .add(Overflow.TARGET, target.getBytes(UTF_8))
          .add(Overflow.OFFSET, Long.toString(origin.offset()).getBytes(UTF_8));
      var _ =
          spillProducer()
              .send(
                  record,
                  (metadata, failure) -> {
                    if (failure == null) {
                      written.complete(metadata.offset());
                    } else {
                      LOG.error("{} is not put aside", origin.offset(), failure);
                      written.completeExceptionally(failure);
                    }
                  });
    } catch (KafkaException | IllegalStateException e) {
      LOG.error("{} is not put aside", origin.offset(), e);
      written.completeExceptionally(e);
    }
    return written;
  }

  @Override
  public void close() {
    List<Producer<String, byte[]>> made;
    synchronized (this) {
      isClosed = true;
      made = Stream.of(producer, spillProducer).filter(Objects::nonNull).toList();
    }
    made.forEach(one -> one.close(FLUSH));
  }

  private static ProducerRecord<String, byte[]> record(Topic topic, WebhookAttempt attempt) {
    return Records.of(
        topic,
        attempt.jobId().value(),
        attempt,
        attempt.webhookId() + ":" + attempt.attempt(),
        SOURCE,
        attempt.time());
  }

  private static CompletionStage<?> logged(CompletionStage<?> written, String what) {
    return written.whenComplete(
        (_, failure) -> {
          if (failure != null) {
            LOG.warn("{} is not written yet, will try again: {}", what, failure.toString());
          }
        });
  }

  private CompletionStage<@Nullable Void> send(ProducerRecord<String, byte[]> record) {
    var written = new CompletableFuture<@Nullable Void>();
    try {
      var _ =
          producer()
              .send(
                  record,
                  (_, failure) -> {
                    if (failure == null) {
                      written.complete(null);
                    } else {
                      written.completeExceptionally(failure);
                    }
                  });
    } catch (KafkaException | IllegalStateException e) {
      written.completeExceptionally(e);
    }
    return written;
  }

  private synchronized Producer<String, byte[]> spillProducer() {
    if (isClosed) {
      throw new IllegalStateException("Expected an open producer, but the service is closed");
    }
    if (spillProducer == null) {
      spillProducer = spillProducers.get();
    }
    return spillProducer;
  }

  private synchronized Producer<String, byte[]> producer() {
    if (isClosed) {
      throw new IllegalStateException("Expected an open producer, but the service is closed");
    }
    if (producer == null) {
      producer = producers.get();
    }
    return producer;
  }
}
