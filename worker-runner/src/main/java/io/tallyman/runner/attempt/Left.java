package io.tallyman.runner.attempt;

import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.RawJson;
import java.time.Duration;
import java.util.List;

/**
 * What an earlier process of a runner left.
 *
 * @param dead attempts that nobody runs any more, and of which nothing lies around now
 * @param orphans attempts that need no runner to go on, or that ended by themselves meanwhile
 */
public record Left(List<AttemptId> dead, List<Orphan> orphans) {

  /** Nothing. */
  public static final Left NOTHING = new Left(List.of(), List.of());

  public Left {
    dead = List.copyOf(dead);
    orphans = List.copyOf(orphans);
  }

  /**
   * An attempt to go on with, or to put an end to.
   *
   * @param endpoint whose it is; it may not be served any more
   * @param input as the earlier process was given it
   * @param lease how long that process had leased it at a time
   */
  public record Orphan(AttemptId id, EndpointName endpoint, RawJson input, Duration lease) {}
}
