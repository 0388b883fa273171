package io.tallyman.webhooks.kafka;

import io.tallyman.runtime.kafka.WebhookDeadLetters;
import io.tallyman.schemas.job.EventPosition;
import io.tallyman.schemas.job.WebhookAttempt;
import io.tallyman.schemas.job.WebhookRedelivery;
import io.tallyman.webhooks.delivery.Deliverer;
import io.tallyman.webhooks.delivery.Outcome.Kind;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Collection;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * When a receiver answers again, orders that it is told of what was given up while it did not: of
 * the partitions that are ours, oldest first. What it did not want, or can never get, stays given
 * up. Thread-safe.
 */
public final class Redrive implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Redrive.class);

  /** What was given up earlier is told when somebody asks for it. */
  private static final Duration MAX_AGE = Duration.ofHours(24);

  /** Of each search; while there are more, another follows. */
  private static final int MAX_LETTERS = 1_000;

  /** Told again it would end the same way. */
  private static final Set<String> FINAL =
      Set.of(
          Kind.GONE.wireName(),
          Kind.ABORTED.wireName(),
          Kind.INVALID_URL.wireName(),
          Kind.BLOCKED_ADDRESS.wireName());

  private final WebhookDeadLetters letters;
  private final WebhookTopics topics;
  private final InstantSource clock;

  /** Targets whose letters are being looked for; bounded by the guards' bound. */
  private final Set<String> underWay = ConcurrentHashMap.newKeySet();

  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().name("webhook-redrive").daemon().factory());

  /** Nothing to do. */
  public Redrive(WebhookDeadLetters letters, WebhookTopics topics, InstantSource clock) {
    this.letters = letters;
    this.topics = topics;
    this.clock = clock;
  }

  /**
   * A receiver answers again. Returns at once.
   *
   * @param ours partitions of the event log that are ours
   */
  void recovered(String target, Collection<Integer> ours) {
    if (!ours.isEmpty() && underWay.add(target)) {
      thread.execute(() -> order(target, ours));
    }
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }

  private void order(String target, Collection<Integer> ours) {
    underWay.remove(target);
    try {
      var ordered = 0;
      var found = MAX_LETTERS;
      while (found >= MAX_LETTERS && !Thread.currentThread().isInterrupted()) {
        found = orderSome(target, ours);
        ordered += found;
      }
      if (ordered > 0) {
        LOG.info("{} answers again: it is told of {} events that were given up", target, ordered);
      }
    } catch (IOException e) {
      LOG.warn(
          "{} answers again, but its dead letters cannot be read ({}): redeliver them by hand",
          target,
          e.toString());
    }
  }

  private int orderSome(String target, Collection<Integer> ours) throws IOException {
    var now = clock.instant();
    var found =
        letters.find(
            now.minus(MAX_AGE),
            letter ->
                letter.event().isPresent()
                    && !FINAL.contains(letter.outcome())
                    && Deliverer.targetOf(letter.url()).equals(target),
            MAX_LETTERS,
            ours);
    for (var letter : found) {
      letter.event().ifPresent(event -> topics.order(redelivery(letter, event)));
    }
    topics.flush();
    return found.size();
  }

  private WebhookRedelivery redelivery(WebhookAttempt letter, EventPosition event) {
    return new WebhookRedelivery(
        letter.webhookId(),
        letter.jobId(),
        letter.endpoint(),
        letter.sequence(),
        event,
        WebhookAttempt.REDRIVE,
        clock.instant());
  }
}
