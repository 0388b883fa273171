package io.tallyman.webhooks.delivery;

import io.tallyman.schemas.job.WebhookAttempt;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The last attempt that another instance, or this one before it started again, made of each
 * delivery it left open: so that a receiver is not asked more often than its endpoint says.
 * Thread-safe.
 */
public final class PastAttempts {

  private final Map<String, WebhookAttempt> byDelivery;

  private PastAttempts(Map<String, WebhookAttempt> byDelivery) {
    this.byDelivery = byDelivery;
  }

  /** Of deliveries that nobody began. */
  public static PastAttempts none() {
    return new PastAttempts(new ConcurrentHashMap<>());
  }

  /** One more of them, in the order they were made. */
  public void add(WebhookAttempt attempt) {
    // What we stopped ourselves does not count, and follows an attempt that may.
    if (attempt.trigger().equals(WebhookAttempt.AUTO)
        && !attempt.outcome().equals(Outcome.Kind.INTERRUPTED.wireName())) {
      byDelivery.merge(
          attempt.webhookId(),
          attempt,
          (before, one) -> one.isFinal() || one.attempt() >= before.attempt() ? one : before);
    }
  }

  /** How many deliveries it knows. */
  public int size() {
    return byDelivery.size();
  }

  /** The last attempt of a delivery, which is forgotten here. */
  Optional<WebhookAttempt> take(String webhookId) {
    return Optional.ofNullable(byDelivery.remove(webhookId));
  }
}
