package io.tallyman.chaos.nemesis;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

/**
 * The faults of a run, in the order in which they begin: a pure function of the seed, the profile
 * and what this machine can do.
 */
public final class Schedule {

  /** The load runs first. */
  private static final Duration FIRST = Duration.ofSeconds(4);

  private static final int SHORTEST_GAP_MILLIS = 500;
  private static final int LONGEST_GAP_MILLIS = 1_500;

  private static final int JITTER_MILLIS = 500;

  private Schedule() {}

  /**
   * The faults.
   *
   * @param impossible what this machine cannot do: never scheduled
   */
  public static List<Step> of(long seed, Profile profile, Set<FaultKind> impossible) {
    var random = new SplittableRandom(seed);
    var laid = new ArrayList<Step>();
    var isRoom = true;
    do {
      for (var step : round(random, impossible)) {
        isRoom = isRoom && lay(step, laid, random, profile);
      }
    } while (isRoom && profile != Profile.SMOKE);
    laid.sort(Comparator.comparing(Step::at));
    return List.copyOf(laid);
  }

  /**
   * Everything once, in a random order. What can go on beside others is together in one place,
   * among what cannot: so it does go on beside others.
   */
  private static List<Step> round(SplittableRandom random, Set<FaultKind> impossible) {
    var alone = new ArrayList<Step>();
    var together = new ArrayList<Step>();
    for (var step : new Menu(random).all()) {
      if (!impossible.contains(step.kind())) {
        (Menu.isAlone(step) ? alone : together).add(step);
      }
    }
    Collections.shuffle(alone, random);
    Collections.shuffle(together, random);
    var steps = new ArrayList<>(alone);
    steps.addAll(random.nextInt(alone.size() + 1), together);
    return steps;
  }

  /** Finds the earliest time for a step; whether there is one that ends in time. */
  private static boolean lay(Step step, List<Step> laid, RandomGenerator random, Profile profile) {
    var gap = Duration.ofMillis(random.nextInt(SHORTEST_GAP_MILLIS, LONGEST_GAP_MILLIS));
    if (profile == Profile.SOAK) {
      gap = gap.plusSeconds(random.nextInt(45, 75));
    }
    var from = laid.isEmpty() || profile == Profile.SMOKE ? FIRST : laid.getLast().at().plus(gap);
    var free = Stream.concat(Stream.of(from), laid.stream().map(Schedule::over));
    var placed =
        free.filter(at -> at.compareTo(from) >= 0)
            .sorted()
            .map(step::startingAt)
            .filter(candidate -> laid.stream().noneMatch(other -> collide(candidate, other)))
            .findFirst()
            .map(found -> found.startingAt(found.at().plusMillis(random.nextInt(JITTER_MILLIS))))
            .filter(found -> found.end().compareTo(profile.faults()) <= 0);
    placed.ifPresent(laid::add);
    return placed.isPresent();
  }

  private static boolean collide(Step one, Step other) {
    // With room for the jitter.
    return Menu.exclude(one, other)
        && one.at().compareTo(over(other)) < 0
        && other.at().compareTo(over(one).plusMillis(JITTER_MILLIS)) < 0;
  }

  /** When the next one may begin. */
  private static Duration over(Step step) {
    return step.end().plus(Menu.quietAfter(step));
  }
}
