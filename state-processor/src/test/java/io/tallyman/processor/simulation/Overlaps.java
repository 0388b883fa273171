package io.tallyman.processor.simulation;

import io.tallyman.schemas.job.JobId;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Two containers of one job at once: only when the older one's runner was frozen or down, or the
 * broker's clock jumped, while it ran, or when a Retry made the newer one, which waits for nothing;
 * and while the runner is awake, for no longer than a lease.
 */
final class Overlaps {

  /** So long before its container started a runner may have asked for it, in ms. */
  private static final long ASKED_BEFORE = 2 * Simulation.LEASE.toMillis();

  private record Overlap(Engine.Container older, Engine.Container newer, long since, long asleep) {}

  private record Attempt(JobId job, int number) {}

  private final World world;
  private final Set<Attempt> retries = new HashSet<>();
  private final List<Overlap> overlaps = new ArrayList<>();

  Overlaps(World world) {
    this.world = world;
  }

  /** That attempt was made by a Retry. */
  void retried(JobId job, int attempt) {
    retries.add(new Attempt(job, attempt));
  }

  private boolean isRetriedBetween(Engine.Container older, Engine.Container newer) {
    return retries.stream()
        .anyMatch(
            retry ->
                retry.job.equals(older.job)
                    && retry.number > older.attempt
                    && retry.number <= newer.attempt);
  }

  void began(Engine.Container older, Engine.Container newer) {
    var isExcused =
        isRetriedBetween(older, newer)
            || older.runner.hasSleptSince(older.startedAt)
            || world.hasJumpedSince(older.startedAt - ASKED_BEFORE);
    Invariant.NO_OVERLAP.check(
        isExcused, "%s still runs, and %s starts at %d".formatted(older, newer, world.now()));
    world.count("overlap, excused");
    overlaps.add(new Overlap(older, newer, world.now(), older.runner.asleep()));
  }

  void ended(Engine.Container container) {
    overlaps.removeIf(
        overlap -> {
          if (overlap.older != container && overlap.newer != container) {
            return false;
          }
          var awake =
              world.now() - overlap.since - (overlap.older.runner.asleep() - overlap.asleep);
          Invariant.NO_OVERLAP.check(
              awake <= Simulation.LEASE.toMillis(),
              "%s and %s ran together for %d ms while the first one's runner was awake"
                  .formatted(overlap.older, overlap.newer, awake));
          return true;
        });
  }
}
