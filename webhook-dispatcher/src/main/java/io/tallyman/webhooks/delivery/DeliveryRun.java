package io.tallyman.webhooks.delivery;

import io.tallyman.schemas.job.WebhookAttempt;
import io.tallyman.webhooks.delivery.Deliverer.Ports;
import io.tallyman.webhooks.delivery.Outcome.Kind;
import io.tallyman.webhooks.delivery.Sender.Exchange;
import io.tallyman.webhooks.resilience.Attempts;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One delivery on its way: attempts until it is acknowledged, or given up and that is durable.
 * Between two attempts it holds neither thread nor slot. Its own lock guards {@code exchange} and
 * {@code isStopped}.
 */
final class DeliveryRun {

  private static final Logger LOG = LoggerFactory.getLogger(DeliveryRun.class);

  private final Delivery delivery;
  private final Ports ports;
  private final Slots slots;
  private final AtomicInteger attempts = new AtomicInteger();
  private final CompletableFuture<Void> end = new CompletableFuture<>();

  private @Nullable Exchange exchange;
  private boolean isStopped;
  private volatile @Nullable WebhookAttempt last;

  DeliveryRun(Delivery delivery, Ports ports, Slots slots) {
    this.delivery = delivery;
    this.ports = ports;
    this.slots = slots;
  }

  /**
   * Begins.
   *
   * @param policy of the attempts
   * @param stubborn writes the dead letter, however long it takes
   * @return completes when the delivery is terminal; fails when it was stopped before
   */
  CompletionStage<Void> start(Attempts<Outcome> policy, Attempts<Object> stubborn) {
    policy
        .run(() -> CompletableFuture.supplyAsync(this::attempt, this::inSlot))
        .whenComplete((outcome, failure) -> conclude(outcome, failure, stubborn));
    return end;
  }

  /** Ends it as it is: another instance, or the next start, begins it anew. */
  synchronized void stop() {
    isStopped = true;
    if (exchange == null) {
      end.completeExceptionally(stopped());
    } else {
      exchange.cancel();
    }
  }

  private void inSlot(Runnable request) {
    slots.submit(delivery.target(), request);
  }

  private Outcome attempt() {
    if (isStopped()) {
      throw stopped();
    }
    var number = attempts.incrementAndGet();
    var time = ports.clock().instant();
    var start = System.nanoTime();
    var outcome = ask(number, time);
    var duration = Duration.ofNanos(System.nanoTime() - start);
    var attempt = record(number, time, duration, outcome, isFinal(number, outcome));
    last = attempt;
    // Before the pause: whoever asks why nothing happens finds the reason.
    ports.log().record(attempt);
    LOG.debug("{} attempt {}: {} {}", delivery, number, outcome.kind(), outcome.statusCode());
    return outcome;
  }

  private Outcome ask(int number, Instant time) {
    try {
      var one = ports.sender().prepare(request(number, time));
      if (!begin(one)) {
        throw stopped();
      }
      try {
        return one.run();
      } finally {
        finish();
      }
    } catch (CancellationException e) {
      return Outcome.failed(Kind.INTERRUPTED, "Stopped by us; another attempt follows");
    } catch (Throwable e) { // The edge of a delivery: it must come to an end, out of memory too.
      LOG.error("{} attempt {}: a mistake of ours", delivery, number, e);
      return Outcome.failed(Kind.INTERNAL, "Failed before it was sent: " + e.getClass().getName());
    }
  }

  private Sender.Request request(int number, Instant time) {
    var headers = new HashMap<String, String>();
    headers.put("webhook-id", delivery.webhookId());
    headers.put("webhook-timestamp", Long.toString(time.getEpochSecond()));
    headers.put("webhook-attempt", Integer.toString(number));
    headers.put("webhook-sequence", Long.toString(delivery.sequence()));
    delivery
        .signer()
        .map(signer -> signer.sign(delivery.webhookId(), time, delivery.body()))
        .ifPresent(signature -> headers.put("webhook-signature", signature));
    return new Sender.Request(
        delivery.url(),
        headers,
        delivery.body(),
        delivery.rules().deadline(),
        delivery.rules().success());
  }

  private boolean isFinal(int number, Outcome outcome) {
    return outcome.isWorthRetrying()
        ? number >= delivery.rules().attempts()
        : outcome.kind() != Kind.INTERRUPTED;
  }

  private WebhookAttempt record(
      int number, Instant time, Duration duration, Outcome outcome, boolean isFinal) {
    return new WebhookAttempt(
        delivery.webhookId(),
        delivery.jobId(),
        delivery.sequence(),
        number,
        delivery.url(),
        time,
        duration,
        outcome.kind().wireName(),
        outcome.statusCode(),
        outcome.detail(),
        isFinal);
  }

  private void conclude(
      @Nullable Outcome outcome, @Nullable Throwable failure, Attempts<Object> stubborn) {
    if (outcome != null && outcome.isDelivered()) {
      end.complete(null);
    } else if (isStopped() || failure instanceof CancellationException) {
      end.completeExceptionally(stopped());
    } else {
      giveUp(failure, stubborn);
    }
  }

  private void giveUp(@Nullable Throwable failure, Attempts<Object> stubborn) {
    if (failure != null) {
      LOG.error("{}: a mistake of ours ended it", delivery, failure);
    }
    var attempt = last;
    var letter = attempt != null && attempt.isFinal() ? attempt : abandoned(failure);
    LOG.warn(
        "GAVE UP telling {} after {} attempts ({}{}): see topic webhook-dead-letters, id {}",
        delivery,
        letter.attempt(),
        letter.outcome(),
        letter.statusCode().map(" %d"::formatted).orElse(""),
        letter.webhookId());
    stubborn
        .run(
            () ->
                isStopped()
                    ? CompletableFuture.failedFuture(stopped())
                    : ports.log().giveUp(letter).thenApply(it -> it))
        .whenComplete((_, e) -> complete(e));
  }

  private void complete(@Nullable Throwable failure) {
    if (failure == null) {
      end.complete(null);
    } else {
      end.completeExceptionally(failure);
    }
  }

  /** The letter of a delivery whose attempts ended in a way they should not. */
  private WebhookAttempt abandoned(@Nullable Throwable why) {
    return record(
        Math.max(1, attempts.get()),
        ports.clock().instant(),
        Duration.ZERO,
        Outcome.failed(Kind.INTERNAL, String.valueOf(why)),
        true);
  }

  private synchronized boolean isStopped() {
    return isStopped;
  }

  private synchronized boolean begin(Exchange one) {
    if (!isStopped) {
      exchange = one;
    }
    return !isStopped;
  }

  private synchronized void finish() {
    exchange = null;
  }

  private static CancellationException stopped() {
    return new CancellationException("Stopped");
  }
}
