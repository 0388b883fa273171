package io.tallyman.webhooks.delivery;

import io.tallyman.runtime.endpoints.Endpoint.Webhook;
import io.tallyman.webhooks.delivery.Outcome.Kind;
import io.tallyman.webhooks.resilience.TargetGuards;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;

/** How long a delivery pauses between two attempts. */
final class Pauses {

  private Pauses() {}

  /**
   * The pause from the end of a failed attempt to the next.
   *
   * @param failures attempts so far
   * @param outcome of the last one; empty when our own code failed
   * @param clock for a receiver that names a date
   */
  static Duration after(
      Webhook rules, int failures, Optional<Outcome> outcome, InstantSource clock) {
    var least = rules.delayAfter(failures);
    if (outcome.filter(it -> it.kind() == Kind.CIRCUIT_OPEN).isPresent()) {
      // Sooner it would find the circuit open again, and an attempt is worth more than that.
      return longer(least, TargetGuards.OPEN);
    }
    return outcome
        .flatMap(Outcome::retryAfter)
        .flatMap(header -> RetryAfter.parse(header, clock.instant()))
        .map(wish -> longer(least, wish))
        .orElse(least);
  }

  private static Duration longer(Duration one, Duration other) {
    return one.compareTo(other) >= 0 ? one : other;
  }
}
