package io.tallyman.webhooks.delivery;

import io.tallyman.runtime.endpoints.Endpoint;
import io.tallyman.runtime.endpoints.Endpoint.Success;
import io.tallyman.runtime.endpoints.Endpoint.Webhook;
import io.tallyman.runtime.endpoints.Endpoints;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobId;
import io.tallyman.webhooks.resilience.Attempts;
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

  /** Between two tries to write a dead letter, while Kafka does not take it. */
  private static final Duration STUBBORN_PAUSE = Duration.ofSeconds(5);

  /** What holds for the jobs of an endpoint that is no longer in the file: the file's defaults. */
  private static final Webhook DEFAULTS =
      new Webhook(
          Optional.empty(), 3, Duration.ofSeconds(10), Duration.ofSeconds(10), Success.ONLY_200);

  private static final Rules UNKNOWN_ENDPOINT = new Rules(DEFAULTS, Optional.empty());

  private final Map<EndpointName, Rules> rules;
  private final Ports ports;
  private final Backlog backlog;
  private final Slots slots;
  private final KeyLanes<JobId> lanes;
  private final Attempts<Object> stubborn;
  private final Map<Policy, Attempts<Outcome>> policies = new ConcurrentHashMap<>();
  private final Map<EndpointName, Boolean> missed = new ConcurrentHashMap<>();

  /**
   * What it works with.
   *
   * @param timer begins later attempts; nothing slow runs on it
   */
  public record Ports(
      Sender sender, AttemptLog log, InstantSource clock, ScheduledExecutorService timer) {}

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
    this.slots = new Slots(maxInFlight, Math.min(MAX_PER_TARGET, maxInFlight), threads);
    this.lanes = new KeyLanes<>(threads);
    this.stubborn = new Attempts<>(ports.timer(), Attempts.UNLIMITED, STUBBORN_PAUSE, _ -> false);
  }

  /**
   * Tells the receiver, in the background.
   *
   * @param receiver the event's webhook
   * @param claim while it is held; once it is released the delivery ends without being done
   * @param whenDone runs when the delivery is terminal: acknowledged, or its dead letter is durable
   */
  public void tell(JobEvent event, URI receiver, Claim claim, Runnable whenDone) {
    var meta = event.meta();
    var its = rulesOf(meta.endpoint());
    var delivery =
        new Delivery(
            WebhookId.of(meta.jobId(), meta.sequence(), meta.endpoint()),
            meta.jobId(),
            meta.sequence(),
            receiver,
            StatusPayload.of(event),
            its.webhook(),
            its.signer());
    backlog.add(delivery.body().size());
    lanes.submit(meta.jobId(), () -> run(delivery, claim, whenDone));
  }

  /** Requests in flight now. */
  public int inFlight() {
    return slots.inFlight();
  }

  private CompletionStage<Void> run(Delivery delivery, Claim claim, Runnable whenDone) {
    var run = new DeliveryRun(delivery, ports, slots);
    Runnable stop = run::stop;
    CompletionStage<Void> end =
        claim.enter(stop)
            ? run.start(policyOf(delivery.rules()), stubborn)
            : CompletableFuture.failedFuture(new CancellationException("Not ours any more"));
    return end.whenComplete(
        (_, failure) -> {
          if (failure == null) {
            whenDone.run();
          }
          // In this order: whoever waits for the claim to be idle sees all that is done.
          backlog.remove(delivery.body().size());
          claim.leave(stop);
        });
  }

  private Attempts<Outcome> policyOf(Webhook webhook) {
    return policies.computeIfAbsent(
        new Policy(webhook.attempts(), webhook.delay()),
        policy ->
            new Attempts<>(
                ports.timer(), policy.attempts(), policy.delay(), Outcome::isWorthRetrying));
  }

  private Rules rulesOf(EndpointName endpoint) {
    var known = rules.get(endpoint);
    if (known != null) {
      return known;
    }
    if (missed.putIfAbsent(endpoint, true) == null) {
      LOG.warn(
          "endpoint {} is not in the endpoints file any more: its webhooks go out unsigned, {}",
          endpoint,
          DEFAULTS);
    }
    return UNKNOWN_ENDPOINT;
  }

  private static Rules rules(Endpoint endpoint) {
    return new Rules(endpoint.webhook(), endpoint.webhook().secret().map(Signer::of));
  }

  private record Rules(Webhook webhook, Optional<Signer> signer) {}

  private record Policy(int attempts, Duration delay) {}
}
