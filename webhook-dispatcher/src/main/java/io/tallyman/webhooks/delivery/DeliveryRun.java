package io.tallyman.webhooks.delivery;

import io.tallyman.schemas.job.WebhookAttempt;
import io.tallyman.webhooks.delivery.Deliverer.Ports;
import io.tallyman.webhooks.delivery.Outcome.Kind;
import io.tallyman.webhooks.delivery.Sender.Exchange;
import io.tallyman.webhooks.resilience.Attempts;
import io.tallyman.webhooks.resilience.TargetGuards.Permit;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
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

  /** When the rate has no turn within its own bound. */
  private static final Duration ASK_AGAIN = Duration.ofMinutes(1);

  /** Until the next look whether we are in touch with the group again. */
  private static final Duration PULSE = Duration.ofMillis(200);

  /** Redeliveries per second to a receiver that answers again. */
  private static final int REDRIVE_RATE = 10;

  private final Delivery delivery;
  private final Ports ports;
  private final Shared shared;
  private final BooleanSupplier isSuperseded;
  private final AtomicInteger attempts = new AtomicInteger();
  private final CompletableFuture<Void> end = new CompletableFuture<>();

  private @Nullable Exchange exchange;
  private boolean isStopped;
  private final AtomicBoolean isAsleep = new AtomicBoolean();
  private volatile @Nullable WebhookAttempt last;

  /**
   * What all runs share.
   *
   * @param slots requests at once
   * @param gone receivers that want no more
   * @param sleeping runs between two attempts
   * @param stubborn writes a dead letter, however long it takes
   */
  record Shared(
      Slots slots, GoneReceivers gone, AtomicInteger sleeping, Attempts<Object> stubborn) {}

  /**
   * A run that has not begun.
   *
   * @param isSuperseded whether a newer state of the job waits behind it
   */
  DeliveryRun(Delivery delivery, Ports ports, Shared shared, BooleanSupplier isSuperseded) {
    this.delivery = delivery;
    this.ports = ports;
    this.shared = shared;
    this.isSuperseded = isSuperseded;
  }

  /**
   * Begins, or goes on where an earlier run ended.
   *
   * @param past the last attempt of the earlier run
   * @return completes when the delivery is terminal; fails when it was stopped before
   */
  CompletionStage<Void> start(Optional<WebhookAttempt> past) {
    var before = past.orElse(null);
    if (before == null) {
      begin(0);
    } else if (before.outcome().equals(Kind.DELIVERED.wireName())) {
      // It was acknowledged, and only the commit was lost.
      end.complete(null);
    } else if (before.isFinal() || before.attempt() >= delivery.rules().attempts()) {
      last = before;
      attempts.set(before.attempt());
      giveUp(null, before);
    } else {
      begin(before.attempt());
    }
    return end;
  }

  /** Gives it up unasked, because it has waited too long. */
  CompletionStage<Void> expire() {
    giveUp(null, letter(Outcome.failed(Kind.EXPIRED, "Waited too long for a slow receiver")));
    return end;
  }

  /** Ends it as it is: another instance, or the next start, begins it anew. */
  synchronized void stop() {
    isStopped = true;
    if (exchange == null) {
      wake();
      end.completeExceptionally(stopped());
    } else {
      exchange.cancel();
    }
  }

  private void begin(int made) {
    attempts.set(made);
    if (made == 0) {
      ports.meter().began(sinceEvent());
    }
    new Attempts<>(
            ports.timer(),
            delivery.rules().attempts() - made,
            (number, outcome) -> Pauses.after(delivery.rules(), made + number, outcome, now()),
            Outcome::isWorthRetrying)
        .run(this::attemptInTurn)
        .whenComplete(this::conclude);
  }

  /** The order of the guards: what needs no request first, what holds a slot last. */
  private CompletionStage<Outcome> attemptInTurn() {
    wake();
    if (isStopped()) {
      return CompletableFuture.failedFuture(stopped());
    }
    if (delivery.rules().coalesce()
        && !delivery.isTerminal()
        && !delivery.isRedelivery()
        && isSuperseded.getAsBoolean()) {
      return CompletableFuture.completedFuture(
          Outcome.failed(Kind.SUPERSEDED, "A newer state waits"));
    }
    // Whoever orders a redelivery by hand knows that it is there again.
    if (!delivery.trigger().equals(WebhookAttempt.MANUAL)
        && shared.gone().contains(delivery.url(), now().instant())) {
      return CompletableFuture.completedFuture(
          written(Outcome.failed(Kind.GONE, "Not asked: it answered 410 lately")));
    }
    var obstacle = delivery.obstacle();
    if (obstacle.isPresent()) {
      return CompletableFuture.completedFuture(written(obstacle.get()));
    }
    return rate().map(this::whenTheRateAllows).orElseGet(this::attemptInSlot);
  }

  /** A receiver that has just come back is not given all that it missed at once. */
  private Optional<Integer> rate() {
    var own = delivery.rules().rate();
    return delivery.trigger().equals(WebhookAttempt.REDRIVE)
        ? Optional.of(Math.min(REDRIVE_RATE, own.orElse(REDRIVE_RATE)))
        : own;
  }

  private CompletionStage<Outcome> whenTheRateAllows(int perSecond) {
    var wait = ports.guards().reserve(delivery.target(), perSecond);
    if (wait.isEmpty()) {
      return later(ASK_AGAIN, () -> whenTheRateAllows(perSecond));
    }
    return wait.get().isZero() ? attemptInSlot() : later(wait.get(), this::attemptInSlot);
  }

  private CompletionStage<Outcome> later(
      Duration pause, Supplier<CompletionStage<Outcome>> attempt) {
    var turn = new CompletableFuture<Outcome>();
    var _ =
        ports.timer().schedule(() -> follow(turn, attempt), pause.toNanos(), TimeUnit.NANOSECONDS);
    return turn;
  }

  private void follow(CompletableFuture<Outcome> turn, Supplier<CompletionStage<Outcome>> attempt) {
    (isStopped() ? CompletableFuture.<Outcome>failedFuture(stopped()) : attempt.get())
        .whenComplete(
            (outcome, e) -> {
              if (e == null) {
                turn.complete(outcome);
              } else {
                turn.completeExceptionally(e);
              }
            });
  }

  private CompletionStage<Outcome> attemptInSlot() {
    var permit = ports.guards().ask(delivery.target());
    if (permit.isEmpty()) {
      return CompletableFuture.completedFuture(notAsked());
    }
    return CompletableFuture.supplyAsync(
            () -> attempt(permit.get()),
            request ->
                shared.slots().submit(delivery.event().endpoint(), delivery.target(), request))
        .thenCompose(
            outcome ->
                outcome
                    .<CompletionStage<Outcome>>map(CompletableFuture::completedFuture)
                    .orElseGet(() -> later(PULSE, this::attemptInTurn)));
  }

  /** Empty: not now, we may be a zombie. */
  private Optional<Outcome> attempt(Permit permit) {
    try {
      if (isStopped()) {
        throw stopped();
      }
      if (!ports.pulse().isAlive()) {
        return Optional.empty();
      }
      if (permit.isRevoked()) {
        return Optional.of(notAsked());
      }
      var number = attempts.incrementAndGet();
      var time = now().instant();
      var start = System.nanoTime();
      var outcome = ask(number, time);
      var took = Duration.ofNanos(System.nanoTime() - start);
      if (outcome.kind() != Kind.INTERRUPTED) {
        permit.used(outcome.isAlive(), took);
      }
      if (outcome.kind() == Kind.GONE) {
        shared.gone().add(delivery.url(), time);
      } else if (outcome.isDelivered()) {
        shared.gone().remove(delivery.url());
      }
      write(number, time, took, outcome);
      return Optional.of(outcome);
    } finally {
      permit.unused();
    }
  }

  private Outcome notAsked() {
    return written(Outcome.failed(Kind.CIRCUIT_OPEN, "Not asked: it did not answer lately"));
  }

  /** An attempt that made no request. */
  private Outcome written(Outcome outcome) {
    write(attempts.incrementAndGet(), now().instant(), Duration.ZERO, outcome);
    return outcome;
  }

  /** Before the pause: whoever asks why nothing happens finds the reason. */
  private void write(int number, Instant time, Duration took, Outcome outcome) {
    var attempt = record(number, time, took, outcome, isFinal(number, outcome));
    last = attempt;
    ports.meter().attempted(outcome.kind(), took);
    ports.log().record(attempt);
    if (attempt.nextAttempt().isPresent() && isAsleep.compareAndSet(false, true)) {
      shared.sleeping().incrementAndGet();
    }
    LOG.debug("{} attempt {}: {} {}", delivery, number, outcome.kind(), outcome.statusCode());
  }

  private Outcome ask(int number, Instant time) {
    try {
      var one = ports.sender().prepare(delivery.request(number, time));
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

  private boolean isFinal(int number, Outcome outcome) {
    return outcome.isWorthRetrying()
        ? number >= delivery.rules().attempts()
        : outcome.kind() != Kind.INTERRUPTED;
  }

  private WebhookAttempt record(
      int number, Instant time, Duration took, Outcome outcome, boolean isFinal) {
    return new WebhookAttempt(
        delivery.webhookId(),
        delivery.event().jobId(),
        delivery.event().endpoint(),
        delivery.event().sequence(),
        number,
        delivery.trigger(),
        delivery.url(),
        time,
        took,
        outcome.kind().wireName(),
        outcome.statusCode(),
        outcome.detail(),
        isFinal,
        outcome.isWorthRetrying() && !isFinal
            ? Optional.of(
                time.plus(took)
                    .plus(Pauses.after(delivery.rules(), number, Optional.of(outcome), now())))
            : Optional.empty(),
        Optional.of(delivery.position()));
  }

  private void conclude(@Nullable Outcome outcome, @Nullable Throwable failure) {
    if (outcome != null && outcome.isDelivered()) {
      ports.meter().delivered(sinceEvent());
      end.complete(null);
    } else if (outcome != null && outcome.kind() == Kind.SUPERSEDED) {
      ports.meter().coalesced();
      end.complete(null);
    } else if (isStopped() || failure instanceof CancellationException) {
      end.completeExceptionally(stopped());
    } else {
      var attempt = last;
      giveUp(
          failure,
          attempt != null && attempt.isFinal()
              ? attempt
              : letter(Outcome.failed(Kind.INTERNAL, String.valueOf(failure))));
    }
  }

  private void giveUp(@Nullable Throwable failure, WebhookAttempt letter) {
    if (failure != null) {
      LOG.error("{}: a mistake of ours ended it", delivery, failure);
    }
    LOG.warn(
        "GAVE UP telling {} after {} attempts ({}{}): see topic webhook-dead-letters, id {}",
        delivery,
        letter.attempt(),
        letter.outcome(),
        letter.statusCode().map(" %d"::formatted).orElse(""),
        letter.webhookId());
    if (!letter.equals(last)) {
      // It was no request, and has its line in the history all the same.
      ports.log().record(letter);
    }
    shared
        .stubborn()
        .run(
            () ->
                isStopped()
                    ? CompletableFuture.failedFuture(stopped())
                    : ports.log().giveUp(letter).thenApply(it -> it))
        .whenComplete(
            (_, e) -> {
              if (e == null) {
                ports.meter().gaveUp(letter.outcome());
                end.complete(null);
              } else {
                end.completeExceptionally(e);
              }
            });
  }

  /** The last line of a delivery that does not end with an attempt. */
  private WebhookAttempt letter(Outcome outcome) {
    return record(Math.max(1, attempts.get()), now().instant(), Duration.ZERO, outcome, true);
  }

  private InstantSource now() {
    return ports.clock();
  }

  private Duration sinceEvent() {
    return Duration.between(delivery.event().time(), now().instant());
  }

  private void wake() {
    if (isAsleep.compareAndSet(true, false)) {
      shared.sleeping().decrementAndGet();
    }
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
