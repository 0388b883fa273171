package io.tallyman.chaos.nemesis;

import java.time.Duration;
import java.util.List;

/**
 * One fault of a schedule.
 *
 * @param at when it begins, from the beginning of the schedule
 * @param length how long it lasts; the repair itself may take longer
 * @param kind what is done
 * @param targets names of processes, such as {@code api-1}; empty where the kind says all or where
 *     it is found out on the spot, such as who leads
 * @param choice a number that decides what the kind leaves open, such as which way a partition cuts
 */
public record Step(
    Duration at, Duration length, FaultKind kind, List<String> targets, long choice) {

  public Step {
    targets = List.copyOf(targets);
  }

  /** When it is over. */
  public Duration end() {
    return at.plus(length);
  }

  /** The same at another time. */
  Step startingAt(Duration other) {
    return new Step(other, length, kind, targets, choice);
  }

  @Override
  public String toString() {
    return "%5.1f s  %-17s %-45s %.1f s"
        .formatted(
            at.toMillis() / 1_000.0,
            kind.label(),
            String.join(" ", targets),
            length.toMillis() / 1_000.0);
  }
}
