package io.tallyman.processor.simulation;

import java.util.ArrayList;
import java.util.List;

/**
 * Two containers of one job at once: only when the older one's runner was frozen or down, or the
 * broker's clock jumped, while it ran; and while the runner is awake, for no longer than a lease.
 */
final class Overlaps {

  /** So long before its container started a runner may have asked for it, in ms. */
  private static final long ASKED_BEFORE = 2 * Simulation.LEASE.toMillis();

  private record Overlap(Engine.Container older, Engine.Container newer, long since, long asleep) {}

  private final World world;
  private final List<Overlap> overlaps = new ArrayList<>();

  Overlaps(World world) {
    this.world = world;
  }

  void began(Engine.Container older, Engine.Container newer) {
    var isExcused =
        older.runner.hasSleptSince(older.startedAt)
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
