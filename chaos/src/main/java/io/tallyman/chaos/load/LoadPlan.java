package io.tallyman.chaos.load;

import java.net.URI;
import java.time.Duration;

/**
 * How much load a run has.
 *
 * @param receiver where webhooks go: the receiver, or a proxy before it
 * @param clients threads of control, each with one call at a time
 * @param jobsPerSecond submitted by all clients together, at the most
 * @param patience of a client with one call
 */
public record LoadPlan(URI receiver, int clients, double jobsPerSecond, Duration patience) {

  public LoadPlan {
    if (clients < 1 || jobsPerSecond <= 0) {
      throw new IllegalArgumentException(
          "Expected at least one client and more than 0 jobs per second, but got %d and %s"
              .formatted(clients, jobsPerSecond));
    }
  }

  /** Ten clients, 20 jobs per second, 5 s of patience. */
  public static LoadPlan smoke(URI receiver) {
    return new LoadPlan(receiver, 10, 20, Duration.ofSeconds(5));
  }
}
