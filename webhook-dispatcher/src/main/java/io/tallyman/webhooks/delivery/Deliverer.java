package io.tallyman.webhooks.delivery;

import io.tallyman.runtime.endpoints.Endpoint;
import io.tallyman.runtime.endpoints.Endpoint.Webhook;
import io.tallyman.runtime.endpoints.Endpoints;
import io.tallyman.runtime.webhooks.WebhookId;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.EventMeta;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.SecretName;
import io.tallyman.schemas.job.WebhookAttempt;
import io.tallyman.webhooks.delivery.Backlog.Ticket;
import io.tallyman.webhooks.resilience.Attempts;
import io.tallyman.webhooks.resilience.TargetGuards;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells receivers of events: those of one job one after the other, by sequence, those of different
 * jobs independently. Each is tried as often as its endpoint says, and given up in writing.
 * Thread-safe.
 */
public final class Deliverer {

  private static final Logger LOG = LoggerFactory.getLogger(Deliverer.class);

  /** So many requests to one host and port at once; the rest of the slots is for the others. */
  private static final int MAX_PER_TARGET = 100;

  /** An event that waited longer for a slow receiver is given up, and can be redelivered. */
  private static final Duration MAX_AGE = Duration.ofHours(24);

  /** Between two tries to write a dead letter, while Kafka does not take it. */
  private static final Duration STUBBORN_PAUSE = Duration.ofSeconds(5);

  /** What holds for the jobs of an endpoint that is no longer in the file. */
  private static final Rules UNKNOWN_ENDPOINT =
      new Rules(Webhook.DEFAULT, Optional.empty(), Map.of());

  private final Map<EndpointName, Rules> rules;
  private final Ports ports;
  private final Backlog backlog;
  private final KeyLanes<JobId> lanes;
  private final Slots slots;
  private final DeliveryRun.Shared shared;
  private final Map<EndpointName, Boolean> missed = new ConcurrentHashMap<>();

  /**
   * What it works with.
   *
   * @param guards breakers and rates of the targets
   * @param pulse without it nothing is sent
   * @param timer begins later attempts; nothing slow runs on it
   */
  public record Ports(
      Sender sender,
      AttemptLog log,
      DeliveryMeter meter,
      TargetGuards guards,
      Pulse pulse,
      InstantSource clock,
      ScheduledExecutorService timer) {}

  /**
   * A deliverer with nothing to do.
   *
   * @param backlog counts what it has to do
   * @param maxInFlight requests at once, over all receivers
   */
  public Deliverer(Endpoints endpoints, Ports ports, Backlog backlog, int maxInFlight) {
    this.rules =
        endpoints.all().stream()
            .collect(Collectors.toUnmodifiableMap(Endpoint::name, Deliverer::rules));
    this.ports = ports;
    this.backlog = backlog;
    Executor threads = task -> Thread.ofVirtual().name("webhook").start(task);
    this.slots =
        new Slots(
            new Slots.Limits(
                maxInFlight, Math.min(MAX_PER_TARGET, maxInFlight), perEndpoint(maxInFlight)),
            threads);
    this.lanes = new KeyLanes<>(threads);
    this.shared =
        new DeliveryRun.Shared(
            slots,
            new GoneReceivers(),
            new AtomicInteger(),
            new Attempts<>(
                ports.timer(), Attempts.UNLIMITED, (_, _) -> STUBBORN_PAUSE, _ -> false));
  }

  /**
   * Tells the receiver, in the background.
   *
   * @param receiver the event's webhook
   * @param whenDone runs when the delivery is terminal: acknowledged, passed over, or its dead
   *     letter is durable
   */
  public void tell(LoggedEvent event, URI receiver, Origin origin, Runnable whenDone) {
    submit(delivery(event, receiver, WebhookAttempt.AUTO), origin, whenDone);
  }

  /**
   * Tells a receiver again, in the background, in its job's lane: with attempts of its own,
   * whatever came of the ones before.
   *
   * @param trigger {@link WebhookAttempt#MANUAL} or {@link WebhookAttempt#REDRIVE}
   * @param whenDone as for {@link #tell}
   */
  public void redeliver(
      LoggedEvent event, URI receiver, String trigger, Origin origin, Runnable whenDone) {
    submit(delivery(event, receiver, trigger), origin, whenDone);
  }

  private void submit(Delivery delivery, Origin origin, Runnable whenDone) {
    var ticket = backlog.add(delivery.target(), delivery.body().size());
    lanes.submit(delivery.event().jobId(), () -> run(delivery, ticket, origin, whenDone));
  }

  /** Gives an event up that has waited too long to be told. */
  public void expire(LoggedEvent event, URI receiver, Origin origin, Runnable whenDone) {
    var delivery = delivery(event, receiver, WebhookAttempt.AUTO);
    var ticket = backlog.add("", 0);
    var run = new DeliveryRun(delivery, ports, shared, () -> false);
    Runnable stop = run::stop;
    (origin.claim().enter(stop)
            ? run.expire()
            : CompletableFuture.<Void>failedFuture(new CancellationException("Not ours any more")))
        .whenComplete(
            (_, failure) -> {
              if (failure == null) {
                whenDone.run();
              }
              backlog.remove(ticket);
              origin.claim().leave(stop);
            });
  }

  /** Whether the event is too old to be told. */
  public boolean isExpired(JobEvent event) {
    return event.meta().time().plus(MAX_AGE).isBefore(ports.clock().instant());
  }

  /** Whether the event's endpoint wants this state told. */
  public boolean isTold(JobEvent event) {
    return rulesOf(event.meta().endpoint()).webhook().events().contains(event.status());
  }

  private Delivery delivery(LoggedEvent logged, URI receiver, String trigger) {
    var event = logged.event();
    var meta = event.meta();
    var its = rulesOf(meta.endpoint());
    return new Delivery(
        WebhookId.of(meta.jobId(), meta.sequence(), meta.endpoint()),
        meta,
        logged.position(),
        trigger,
        event.status().isTerminal(),
        receiver,
        StatusPayload.of(event),
        its.webhook(),
        its.signerOf(meta));
  }

  /** Scheme, host and port: what slots, circuit and rate are per. */
  public static String targetOf(URI receiver) {
    return Delivery.targetOf(receiver);
  }

  /** Whether more for this receiver would take room that others need: it is slow, not dead. */
  public boolean isCrowded(URI receiver) {
    var target = Delivery.targetOf(receiver);
    return backlog.hasItsShare(target) && !ports.guards().isOpen(target);
  }

  /** A target that answers again after it did not, each time once. */
  public Optional<String> pollRecovered() {
    return ports.guards().pollRecovered();
  }

  /** Deliveries between two attempts now. */
  public int sleeping() {
    return shared.sleeping().get();
  }

  /** Requests in flight now. */
  public int inFlight() {
    return slots.inFlight();
  }

  private CompletionStage<Void> run(
      Delivery delivery, Ticket ticket, Origin origin, Runnable whenDone) {
    var job = delivery.event().jobId();
    var run = new DeliveryRun(delivery, ports, shared, () -> lanes.hasWaiting(job));
    Runnable stop = run::stop;
    CompletionStage<Void> end =
        origin.claim().enter(stop)
            ? run.start(
                delivery.isRedelivery()
                    ? Optional.empty()
                    : origin.past().take(delivery.webhookId()))
            : CompletableFuture.failedFuture(new CancellationException("Not ours any more"));
    return end.whenComplete(
        (_, failure) -> {
          if (failure == null) {
            whenDone.run();
          }
          // In this order: whoever waits for the claim to be idle sees all that is done.
          backlog.remove(ticket);
          origin.claim().leave(stop);
        });
  }

  private Rules rulesOf(EndpointName endpoint) {
    var known = rules.get(endpoint);
    if (known != null) {
      return known;
    }
    if (missed.putIfAbsent(endpoint, true) == null) {
      LOG.warn(
          "endpoint {} is not in the endpoints file any more: its webhooks go out unsigned, those"
              + " that name a secret not at all, {}",
          endpoint,
          Webhook.DEFAULT);
    }
    return UNKNOWN_ENDPOINT;
  }

  /** A fifth of all slots is always left to the other endpoints. */
  private static int perEndpoint(int maxInFlight) {
    return maxInFlight - maxInFlight / 5;
  }

  private static Rules rules(Endpoint endpoint) {
    var webhook = endpoint.webhook();
    var secrets = webhook.secrets();
    return new Rules(
        webhook,
        secrets.isEmpty() ? Optional.empty() : Optional.of(Signer.of(secrets)),
        webhook.namedSecrets().entrySet().stream()
            .collect(
                Collectors.toUnmodifiableMap(
                    Map.Entry::getKey, named -> Signer.of(named.getValue()))));
  }

  private record Rules(Webhook webhook, Optional<Signer> own, Map<SecretName, Signer> named) {

    /** Where the job names a secret, that one's or none. */
    Optional<Signer> signerOf(EventMeta event) {
      return event
          .webhookSecretName()
          .map(name -> Optional.ofNullable(named.get(name)))
          .orElse(own);
    }
  }
}
