package io.tallyman.api.views;

import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.RunnerHeartbeat;
import io.tallyman.schemas.job.RunnerHeartbeat.Serving;
import io.tallyman.schemas.job.RunnerId;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;

/**
 * The runners that live, by their last heartbeat. When one was heard counts by this process's
 * clock, so that a runner's wrong clock does not hide it.
 *
 * <p>Thread-safe; {@code this} guards the map.
 */
public final class Runners {

  /** A runner not heard for this long is not counted. */
  static final Duration SILENCE = Duration.ofSeconds(10);

  /** Runners remembered; beyond it the one silent for longest goes. */
  static final int MAX_RUNNERS = 10_000;

  private final InstantSource clock;
  private final LinkedHashMap<RunnerId, Heard> byId = new LinkedHashMap<>();

  /** Knows none yet. */
  public Runners(InstantSource clock) {
    this.clock = clock;
  }

  /** A runner said that it lives. */
  public synchronized void heard(RunnerHeartbeat heartbeat) {
    byId.remove(heartbeat.runner());
    byId.putLast(heartbeat.runner(), new Heard(heartbeat, clock.instant()));
    if (byId.size() > MAX_RUNNERS) {
      byId.pollFirstEntry();
    }
  }

  /** Capacity for an endpoint, over all live runners that serve it. */
  public synchronized Capacity capacity(EndpointName endpoint) {
    var since = clock.instant().minus(SILENCE);
    byId.values().removeIf(heard -> heard.at.isBefore(since));
    var running = 0;
    var idle = 0;
    for (var heard : byId.values()) {
      var all = heard.heartbeat.running();
      var here = all.stream().filter(serving -> serving.endpoint().equals(endpoint)).findFirst();
      if (here.isPresent()) {
        running += here.get().running();
        idle +=
            Math.max(0, heard.heartbeat.slots() - all.stream().mapToInt(Serving::running).sum());
      }
    }
    return new Capacity(running, idle);
  }

  /**
   * What runners can do for one endpoint.
   *
   * @param running attempts of the endpoint that run now
   * @param idle free slots of the runners that serve it; endpoints served by the same runner share
   *     them
   */
  public record Capacity(int running, int idle) {}

  private record Heard(RunnerHeartbeat heartbeat, Instant at) {}
}
