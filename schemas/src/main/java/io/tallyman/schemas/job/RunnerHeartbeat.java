package io.tallyman.schemas.job;

import java.time.Instant;
import java.util.List;

/**
 * A runner is alive: the value of a record on {@code runner-heartbeats}.
 *
 * @param runner who; also the record's key
 * @param time when, by the runner's clock
 * @param runtime {@code docker}, {@code process} or {@code noop}
 * @param slots how many attempts it runs at once
 * @param running how many it runs now, per endpoint it serves
 */
public record RunnerHeartbeat(
    RunnerId runner, Instant time, String runtime, int slots, List<Serving> running) {

  public RunnerHeartbeat {
    running = List.copyOf(running);
  }

  /** An endpoint that a runner serves, and how many of its attempts run there now. */
  public record Serving(EndpointName endpoint, int running) {}
}
