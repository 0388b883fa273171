package io.tallyman.api.jobs;

import io.tallyman.api.kafka.CommandWriter;
import io.tallyman.api.kafka.EventLog;
import io.tallyman.api.kafka.EventLog.StoredEvent;
import io.tallyman.api.rocksdb.AttemptIndex;
import io.tallyman.api.views.Unavailable;
import io.tallyman.runtime.kafka.WebhookDeadLetters;
import io.tallyman.runtime.webhooks.WebhookId;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.EventPosition;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.WebhookAttempt;
import io.tallyman.schemas.job.WebhookRedelivery;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What became of the webhooks of jobs, and orders to tell their receivers again. */
public final class Webhooks {

  private static final Logger LOG = LoggerFactory.getLogger(Webhooks.class);

  /** Of one answer, the oldest first: whoever wants more asks again. */
  public static final int MAX_LETTERS = 1_000;

  private final JobReads reads;
  private final AttemptIndex index;
  private final EventLog log;
  private final WebhookDeadLetters letters;
  private final CommandWriter writer;
  private final InstantSource clock;

  /** One at a time: each reads two topics from the asked moment on. */
  private final Semaphore searches = new Semaphore(1);

  /** With all places where a webhook leaves a trace. */
  public Webhooks(
      JobReads reads,
      AttemptIndex index,
      EventLog log,
      WebhookDeadLetters letters,
      CommandWriter writer,
      InstantSource clock) {
    this.reads = reads;
    this.index = index;
    this.log = log;
    this.letters = letters;
    this.writer = writer;
    this.clock = clock;
  }

  /** A moment in the past. */
  public Instant ago(Duration time) {
    return clock.instant().minus(time);
  }

  /**
   * Every request of a job's webhook that Kafka still has, oldest first; empty when there is no
   * such job.
   *
   * @throws Unavailable when Kafka does not serve them now
   */
  public Optional<List<WebhookAttempt>> attempts(EndpointName endpoint, JobId job)
      throws Unavailable {
    return reads.find(endpoint, job).isEmpty()
        ? Optional.empty()
        : Optional.of(log.attempts(index.find(job)));
  }

  /**
   * Orders that a job's receiver is told again.
   *
   * @param sequence of which event; empty: of the newest
   * @throws Unavailable when the log is not served, or does not take the order
   */
  public Ordering redeliver(EndpointName endpoint, JobId job, OptionalLong sequence)
      throws Unavailable {
    var history = reads.history(endpoint, job);
    if (history.isEmpty()) {
      return new Ordering.UnknownJob();
    }
    var event =
        history.get().stream()
            .filter(
                it -> sequence.isEmpty() || it.event().meta().sequence() == sequence.getAsLong())
            .reduce((_, later) -> later);
    if (event.isEmpty()) {
      return new Ordering.UnknownEvent();
    }
    if (event.get().event().meta().webhook().isEmpty()) {
      return new Ordering.NoWebhook();
    }
    var order = order(event.get());
    writer.write(order);
    return new Ordering.Ordered(order);
  }

  /**
   * Deliveries of an endpoint that were given up, and not ordered again.
   *
   * @param since no older ones
   * @return at most {@link #MAX_LETTERS}
   * @throws Unavailable when Kafka does not serve them now, or another search is under way
   */
  public List<WebhookAttempt> failed(EndpointName endpoint, Instant since) throws Unavailable {
    if (!searches.tryAcquire()) {
      throw unavailable("another search is under way");
    }
    try {
      return letters.find(
          since,
          letter -> letter.endpoint().equals(endpoint) && letter.event().isPresent(),
          MAX_LETTERS,
          Set.of());
    } catch (IOException e) {
      LOG.warn("{}", e.getMessage());
      throw unavailable("Kafka does not serve them");
    } finally {
      searches.release();
    }
  }

  /**
   * Orders all that {@link #failed} finds.
   *
   * @return what was ordered; when it is {@link #MAX_LETTERS}, there may be more
   * @throws Unavailable when Kafka does not serve them, or does not take an order; what was ordered
   *     before is, and a repeat goes on from there
   */
  public List<WebhookRedelivery> redeliverFailed(EndpointName endpoint, Instant since)
      throws Unavailable {
    var orders =
        failed(endpoint, since).stream()
            .flatMap(letter -> letter.event().map(at -> order(letter, at)).stream())
            .toList();
    for (var order : orders) {
      writer.write(order);
    }
    return orders;
  }

  private WebhookRedelivery order(StoredEvent stored) {
    var meta = stored.event().meta();
    return new WebhookRedelivery(
        WebhookId.of(meta.jobId(), meta.sequence(), meta.endpoint()),
        meta.jobId(),
        meta.endpoint(),
        meta.sequence(),
        stored.position(),
        WebhookAttempt.MANUAL,
        clock.instant());
  }

  private WebhookRedelivery order(WebhookAttempt letter, EventPosition at) {
    return new WebhookRedelivery(
        letter.webhookId(),
        letter.jobId(),
        letter.endpoint(),
        letter.sequence(),
        at,
        WebhookAttempt.MANUAL,
        clock.instant());
  }

  private static Unavailable unavailable(String why) {
    return new Unavailable(
        Unavailable.Reason.EVENT_LOG_UNAVAILABLE,
        "Expected to read the dead letters of webhooks, but " + why + ". Try again");
  }

  /** What became of an order. */
  public sealed interface Ordering {

    /** It will be carried out. */
    record Ordered(WebhookRedelivery order) implements Ordering {}

    /** There is no such job. */
    record UnknownJob() implements Ordering {}

    /** The job has no such event. */
    record UnknownEvent() implements Ordering {}

    /** The job was submitted without a webhook. */
    record NoWebhook() implements Ordering {}
  }
}
