package io.tallyman.webhooks.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.tallyman.webhooks.delivery.DeliveryMeter;
import io.tallyman.webhooks.delivery.Outcome.Kind;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * What the dispatcher counts. Outcomes are labels, receivers and jobs are not: their number has no
 * bound, and their names are nobody's business. Thread-safe.
 */
public final class WebhookMetrics implements DeliveryMeter, AutoCloseable {

  /** Upper bounds of the histograms: a fast answer, the deadline, a delivery of three attempts. */
  private static final Duration[] BUCKETS = {
    Duration.ofMillis(5),
    Duration.ofMillis(10),
    Duration.ofMillis(25),
    Duration.ofMillis(50),
    Duration.ofMillis(100),
    Duration.ofMillis(250),
    Duration.ofMillis(500),
    Duration.ofSeconds(1),
    Duration.ofMillis(2_500),
    Duration.ofSeconds(5),
    Duration.ofSeconds(10),
    Duration.ofSeconds(30),
    Duration.ofSeconds(60),
    Duration.ofSeconds(150),
  };

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

  private final Map<Kind, Timer> attempts = new EnumMap<>(Kind.class);
  private final Map<String, Counter> deadLetters;
  private final Timer untilFirstAttempt;
  private final Timer untilDelivered;
  private final Counter coalesced;
  private final Counter spilled;

  /** Counters at zero: a series is there before its first event. */
  public WebhookMetrics() {
    var letters = new java.util.HashMap<String, Counter>();
    for (var kind : Kind.values()) {
      attempts.put(
          kind,
          Timer.builder("tally.webhook.attempt")
              .description("Requests, by what came of them")
              .tag("outcome", kind.wireName())
              .serviceLevelObjectives(BUCKETS)
              .register(registry));
      letters.put(
          kind.wireName(),
          Counter.builder("tally.webhook.dead.letters")
              .description("Deliveries given up, by the outcome of their last attempt")
              .tag("outcome", kind.wireName())
              .register(registry));
    }
    this.deadLetters = Map.copyOf(letters);
    this.untilFirstAttempt = timer("first.attempt", "From an event to its first attempt");
    this.untilDelivered = timer("delivered", "From an event to its acknowledgement");
    this.coalesced =
        Counter.builder("tally.webhook.coalesced")
            .description("States passed over because a newer one waited")
            .register(registry);
    this.spilled =
        Counter.builder("tally.webhook.spilled")
            .description("Events put aside on webhook-overflow because their receiver is slow")
            .register(registry);
  }

  /** Shows a number that changes, such as {@code pending}. */
  public void gauge(String name, String description, Supplier<Number> number) {
    Gauge.builder("tally.webhook." + name, number).description(description).register(registry);
  }

  @Override
  public void attempted(Kind outcome, Duration took) {
    record(attempts.get(outcome), took);
  }

  @Override
  public void began(Duration sinceEvent) {
    record(untilFirstAttempt, sinceEvent);
  }

  @Override
  public void delivered(Duration sinceEvent) {
    record(untilDelivered, sinceEvent);
  }

  @Override
  public void gaveUp(String why) {
    var counter = deadLetters.get(why);
    if (counter != null) {
      counter.increment();
    }
  }

  @Override
  public void coalesced() {
    coalesced.increment();
  }

  @Override
  public void spilled() {
    spilled.increment();
  }

  /** All of it, in Prometheus' text format. */
  public String text() {
    return registry.scrape();
  }

  @Override
  public void close() {
    registry.close();
  }

  private Timer timer(String name, String description) {
    return Timer.builder("tally.webhook." + name)
        .description(description)
        .serviceLevelObjectives(BUCKETS)
        .register(registry);
  }

  /** Clocks of two machines differ: a negative duration is none. */
  private static void record(@org.jspecify.annotations.Nullable Timer timer, Duration took) {
    if (timer != null) {
      timer.record(Math.max(0, took.toNanos()), TimeUnit.NANOSECONDS);
    }
  }
}
