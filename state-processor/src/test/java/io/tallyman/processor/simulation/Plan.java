package io.tallyman.processor.simulation;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.SplittableRandom;

/**
 * What clients do and what breaks, when: all of it from the seed, so that it can be shrunk.
 *
 * @param seed also of every delay in the run
 */
record Plan(long seed, List<Act> acts) {

  /** While it lasts, in ms, things break; after it everything is healed. */
  static final long CHAOS = 40_000;

  static final int JOBS = 10;
  static final int RUNNERS = 3;

  private static final int MOST_FAULTS = 12;

  enum Kind {
    SUBMIT,
    REPEAT,
    CANCEL,
    RETRY,
    CRASH_PROCESSOR_BEFORE_COMMIT,
    CRASH_PROCESSOR_AFTER_COMMIT,
    FREEZE_PROCESSOR,
    CRASH_RUNNER,
    STOP_RUNNER,
    FREEZE_RUNNER,
    CUT_RUNNER,
    DUPLICATE,
    DELAY,
    DISPATCH_TWICE,
    CLOCK_FORWARD,
    CLOCK_BACK,
    TIMER_CLOCK;

    private static final List<Kind> FAULTS =
        List.copyOf(EnumSet.range(CRASH_PROCESSOR_BEFORE_COMMIT, TIMER_CLOCK));
  }

  /**
   * @param at in ms from the beginning
   * @param target which job or runner
   * @param length for how many ms, or by how many
   */
  record Act(long at, Kind kind, int target, long length) {}

  Plan {
    acts = List.copyOf(acts);
  }

  static Plan of(long seed) {
    var random = new SplittableRandom(seed);
    var acts = new ArrayList<Act>();
    for (var job = 0; job < JOBS; job++) {
      var submitted = random.nextLong(CHAOS / 2);
      acts.add(new Act(submitted, Kind.SUBMIT, job, 0));
      if (random.nextInt(3) == 0) {
        acts.add(new Act(random.nextLong(CHAOS), Kind.REPEAT, job, 0));
      }
      if (random.nextInt(4) == 0) {
        acts.add(new Act(submitted + random.nextLong(12_000), Kind.CANCEL, job, 0));
      }
      if (random.nextInt(2) == 0) {
        acts.add(new Act(submitted + random.nextLong(CHAOS - submitted), Kind.RETRY, job, 0));
      }
    }
    var faults = random.nextInt(MOST_FAULTS + 1);
    for (var i = 0; i < faults; i++) {
      acts.add(
          new Act(
              random.nextLong(CHAOS),
              Kind.FAULTS.get(random.nextInt(Kind.FAULTS.size())),
              random.nextInt(RUNNERS),
              random.nextInt(2) == 0
                  ? random.nextLong(200, 3_000)
                  : random.nextLong(3_000, 20_000)));
    }
    acts.sort(Comparator.comparingLong(Act::at));
    return new Plan(seed, acts);
  }

  Plan without(int from, int count) {
    var fewer = new ArrayList<>(acts);
    fewer.subList(from, Math.min(acts.size(), from + count)).clear();
    return new Plan(seed, fewer);
  }
}
