package io.tallyman.chaos.nemesis;

import static io.tallyman.chaos.cluster.Names.APIS;
import static io.tallyman.chaos.cluster.Names.BROKERS;
import static io.tallyman.chaos.cluster.Names.DISPATCHERS;
import static io.tallyman.chaos.cluster.Names.PROCESSORS;
import static io.tallyman.chaos.cluster.Names.REDIS;
import static io.tallyman.chaos.cluster.Names.RUNNERS;
import static io.tallyman.chaos.cluster.Names.SERVICES;

import io.tallyman.chaos.cluster.Names;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;

/** The faults that a schedule chooses from, their usual lengths, and which do not go together. */
final class Menu {

  /** Beyond the lease of a runner, and beyond the session of a processor: both are given up. */
  private static final int BEYOND_LEASE = 13;

  private final RandomGenerator random;

  Menu(RandomGenerator random) {
    this.random = random;
  }

  /** One step of everything there is, at no time yet, in this order. */
  List<Step> all() {
    var steps = new ArrayList<Step>();
    for (var kind : List.of(APIS, PROCESSORS, RUNNERS, DISPATCHERS)) {
      steps.add(step(FaultKind.KILL, 3, one(kind)));
    }
    steps.add(step(FaultKind.KILL, 4, REDIS));
    steps.add(step(FaultKind.KILL_LEADER, 4));
    steps.add(step(FaultKind.KILL_TWO_BROKERS, 6, BROKERS.get(0), BROKERS.get(1)));
    steps.add(step(FaultKind.KILL_ALL_BROKERS, 2, BROKERS.toArray(String[]::new)));
    steps.add(step(FaultKind.FREEZE, BEYOND_LEASE, one(RUNNERS)));
    steps.add(step(FaultKind.FREEZE, BEYOND_LEASE, one(PROCESSORS)));
    steps.add(step(FaultKind.FREEZE, 8, one(BROKERS)));
    steps.add(step(FaultKind.FREEZE, 6, random.nextBoolean() ? REDIS : one(APIS)));
    steps.add(step(FaultKind.PARTITION, BEYOND_LEASE, one(RUNNERS)));
    steps.add(step(FaultKind.PARTITION, 8, one(BROKERS)));
    steps.add(step(FaultKind.PARTITION_ONE_WAY, 7, one(APIS)));
    steps.add(step(FaultKind.PARTITION_ONE_WAY, 7, one(DISPATCHERS)));
    steps.add(step(FaultKind.RESET, 2, one(SERVICES)));
    steps.add(step(FaultKind.LIMIT_DATA, 4, one(SERVICES)));
    steps.add(step(FaultKind.SLOW_LINK, 8, random.nextBoolean() ? one(BROKERS) : one(PROCESSORS)));
    steps.add(step(FaultKind.SWIZZLE_CLOG, 8));
    steps.add(step(FaultKind.REDIS_FLUSH, 1, REDIS));
    steps.add(step(FaultKind.DISK_FULL, 8, BROKERS.getLast()));
    // Only the second ones have a clock that can be moved.
    steps.add(step(FaultKind.CLOCK_JUMP, 8, second()));
    steps.add(step(FaultKind.OFFSET_REWIND, 1, DISPATCHERS.toArray(String[]::new)));
    steps.add(step(FaultKind.POISON, 1));
    steps.add(
        step(
            FaultKind.ROLLING_RESTART,
            12,
            one(APIS),
            one(PROCESSORS),
            one(RUNNERS),
            one(DISPATCHERS)));
    steps.add(step(FaultKind.CONTAINER_KILL, 1));
    return steps;
  }

  /**
   * How long nothing else may begin after a step: what is measured needs time to recover alone, and
   * after some others the next one would find nothing that works.
   */
  static Duration quietAfter(Step step) {
    var target = step.targets().isEmpty() ? "" : Names.kind(step.targets().getFirst());
    return Duration.ofSeconds(
        switch (step.kind()) {
          case KILL ->
              switch (target) {
                case "state-processor" -> 9;
                case "api", "redis" -> 3;
                default -> 5;
              };
          case KILL_LEADER -> 12;
          case KILL_TWO_BROKERS -> 8;
          case KILL_ALL_BROKERS -> 13;
          case OFFSET_REWIND -> 6;
          case REDIS_FLUSH, ROLLING_RESTART, DISK_FULL -> 4;
          default -> 2;
        });
  }

  /** Whether two steps must not be under way at the same time. */
  static boolean exclude(Step one, Step other) {
    if (isAlone(one) || isAlone(other)) {
      return true;
    }
    // Never two of a kind at once: one of each is left to go on.
    var shared = new HashSet<>(parts(one));
    shared.retainAll(parts(other));
    return !shared.isEmpty();
  }

  /** Whether nothing else may be under way with it. */
  static boolean isAlone(Step step) {
    return switch (step.kind()) {
      case KILL,
          KILL_LEADER,
          KILL_TWO_BROKERS,
          KILL_ALL_BROKERS,
          REDIS_FLUSH,
          SWIZZLE_CLOG,
          ROLLING_RESTART ->
          true;
      default -> false;
    };
  }

  private static Set<String> parts(Step step) {
    var parts = new HashSet<String>();
    step.targets().forEach(target -> parts.add(Names.kind(target)));
    if (step.kind() == FaultKind.CONTAINER_KILL) {
      parts.add(Names.kind(RUNNERS.getFirst()));
    }
    return parts;
  }

  private Step step(FaultKind kind, int seconds, String... targets) {
    // A little more or less, so that no run meets the same moments as another.
    var millis = seconds * 1_000L;
    var length = Duration.ofMillis(millis + random.nextLong(millis / 4));
    return new Step(Duration.ZERO, length, kind, List.of(targets), random.nextLong());
  }

  private String one(List<String> names) {
    return names.get(random.nextInt(names.size()));
  }

  private String second() {
    return List.of(APIS, PROCESSORS, RUNNERS, DISPATCHERS).get(random.nextInt(4)).get(1);
  }
}
