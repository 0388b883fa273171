package io.tallyman.webhooks.kafka;

import io.tallyman.schemas.job.EventPosition;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.json.MalformedMessage;
import io.tallyman.schemas.kafka.Records;
import io.tallyman.webhooks.delivery.Backlog;
import io.tallyman.webhooks.delivery.Deliverer;
import io.tallyman.webhooks.delivery.DeliveryMeter;
import io.tallyman.webhooks.delivery.LoggedEvent;
import io.tallyman.webhooks.resilience.Attempts;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What becomes of a record of the event log: a delivery, nothing when nobody asked to be told, or a
 * dead letter when it cannot be read. In each case its offset is done at last.
 *
 * <p>Of all that read the event log only the dispatchers write dead letters: their group reads each
 * record once, and others leave it to them.
 */
public final class Intake {

  private static final Logger LOG = LoggerFactory.getLogger(Intake.class);

  /** Between two tries to write a dead letter, while Kafka does not take it. */
  private static final Duration PAUSE = Duration.ofSeconds(5);

  private final Deliverer deliverer;
  private final DeliveryMeter meter;
  private final WebhookTopics topics;
  private final Backlog backlog;
  private final Attempts<Object> stubborn;

  /** An intake. */
  public Intake(
      Deliverer deliverer,
      DeliveryMeter meter,
      WebhookTopics topics,
      Backlog backlog,
      ScheduledExecutorService timer) {
    this.meter = meter;
    this.deliverer = deliverer;
    this.topics = topics;
    this.backlog = backlog;
    this.stubborn = new Attempts<>(timer, Attempts.UNLIMITED, (_, _) -> PAUSE, _ -> false);
  }

  /** Takes a record of a partition that is ours. */
  void take(ConsumerRecord<byte[], byte[]> record, Assignment assignment, Overflow overflow) {
    if (assignment.offsets().begin(record.offset())) {
      event(record, assignment).ifPresent(event -> tell(event, record, assignment, overflow));
    }
    overflow.handedOut(record.partition(), record.offset() + 1);
  }

  private void tell(
      JobEvent event,
      ConsumerRecord<byte[], byte[]> record,
      Assignment assignment,
      Overflow overflow) {
    var offset = record.offset();
    var receiver = event.meta().webhook().filter(_ -> deliverer.isTold(event)).orElse(null);
    if (receiver == null) {
      assignment.offsets().finish(offset);
      return;
    }
    Runnable whenDone = () -> assignment.finished(offset);
    var target = Deliverer.targetOf(receiver);
    if (overflow.takes(record.partition(), offset, target, deliverer.isCrowded(receiver))) {
      meter.spilled();
      overflow.put(record, target, whenDone);
    } else {
      deliverer.tell(
          new LoggedEvent(event, new EventPosition(record.partition(), offset)),
          receiver,
          assignment.origin(),
          whenDone);
    }
  }

  /** The event; empty when the record is none, and its dead letter is under way. */
  private Optional<JobEvent> event(ConsumerRecord<byte[], byte[]> record, Assignment assignment) {
    try {
      return Optional.of(Records.event(record));
    } catch (MalformedMessage | RuntimeException e) { // The edge of a loop over records.
      var reason = String.valueOf(e.getMessage());
      LOG.warn(
          "{}-{}@{} is no event ({}): see topic dead-letters",
          record.topic(),
          record.partition(),
          record.offset(),
          reason);
      reject(record, reason, assignment);
      return Optional.empty();
    }
  }

  private void reject(ConsumerRecord<byte[], byte[]> record, String reason, Assignment assignment) {
    var size = Math.max(0, record.serializedValueSize());
    var ticket = backlog.add("", size);
    stubborn
        .run(
            () ->
                assignment.claim().isHeld()
                    ? CompletableFuture.supplyAsync(
                            () -> topics.reject(record, reason), Intake::inBackground)
                        .thenCompose(written -> written.thenApply(Function.<Object>identity()))
                    : CompletableFuture.failedFuture(new CancellationException("Not ours now")))
        .whenComplete(
            (_, failure) -> {
              backlog.remove(ticket);
              if (failure == null) {
                assignment.finished(record.offset());
              }
            });
  }

  /** Sending may block while Kafka is away; neither the poll nor the timer may. */
  private static void inBackground(Runnable task) {
    Thread.ofVirtual().name("webhook-reject").start(task);
  }
}
