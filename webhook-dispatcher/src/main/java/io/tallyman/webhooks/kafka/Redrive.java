package io.tallyman.webhooks.kafka;

import io.tallyman.runtime.kafka.WebhookDeadLetters;
import io.tallyman.schemas.job.EventPosition;
import io.tallyman.schemas.job.WebhookAttempt;
import io.tallyman.schemas.job.WebhookRedelivery;
import io.tallyman.webhooks.delivery.Deliverer;
import io.tallyman.webhooks.delivery.Outcome.Kind;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * When a receiver answers again, orders that it is told of what was given up while it did not: of
 * the partitions that are ours, oldest first, each delivery once. What it did not want, or can
 * never get, stays given up; so does what was told again in vain. Thread-safe.
 */
public final class Redrive implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Redrive.class);

  /** What was given up earlier is told when somebody asks for it. */
  private static final Duration MAX_AGE = Duration.ofHours(24);

  /** Of each search; while there are more, another follows. */
  private static final int MAX_LETTERS = 1_000;

  /** Between two searches, however often a receiver comes and goes; one serves all that came. */
  private static final Duration APART = Duration.ofSeconds(10);

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

  /** Who came back since the last search; as many at the most as the guards know. */
  private final Set<String> targets = ConcurrentHashMap.newKeySet();

  private final AtomicBoolean isScheduled = new AtomicBoolean();
  private volatile Collection<Integer> partitions = List.of();
  private volatile Instant last = Instant.MIN;
  private final ScheduledThreadPoolExecutor thread =
      new ScheduledThreadPoolExecutor(
          1, Thread.ofPlatform().name("webhook-redrive").daemon().factory());

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
    partitions = ours;
    targets.add(target);
    if (isScheduled.compareAndSet(false, true)) {
      var now = clock.instant();
      var due = last.isBefore(now.minus(APART)) ? now : last.plus(APART);
      var _ =
          thread.schedule(
              this::order, Duration.between(now, due).toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }

  private void order() {
    last = clock.instant();
    // In this order: who comes back from here on is looked for by the next search.
    isScheduled.set(false);
    var back = Set.copyOf(targets);
    targets.removeAll(back);
    try {
      var ordered = 0;
      var found = MAX_LETTERS;
      while (found >= MAX_LETTERS && !Thread.currentThread().isInterrupted()) {
        found = orderSome(back);
        ordered += found;
      }
      if (ordered > 0) {
        LOG.info("{} answer again: told of {} events that were given up", back, ordered);
      }
    } catch (IOException | RuntimeException e) { // The edge of a thread that must live on.
      LOG.warn(
          "{} answer again, but what was given up cannot be told: redeliver it by hand", back, e);
    }
  }

  private int orderSome(Set<String> back) throws IOException {
    var ours = partitions;
    if (ours.isEmpty()) {
      return 0;
    }
    var found =
        letters.find(
            clock.instant().minus(MAX_AGE),
            letter ->
                letter.event().isPresent()
                    && letter.trigger().equals(WebhookAttempt.AUTO)
                    && !FINAL.contains(letter.outcome())
                    && back.contains(Deliverer.targetOf(letter.url())),
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
