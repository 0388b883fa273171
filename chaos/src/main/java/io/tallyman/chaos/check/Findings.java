package io.tallyman.chaos.check;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** What the rules found, and how much they looked at: a rule that saw nothing proves nothing. */
final class Findings {

  /** Lines of the history with each violation. */
  static final int MAX_EVIDENCE = 5;

  /** Violations of one invariant that are told; the others are counted. */
  static final int MAX_TOLD = 50;

  /** Characters of a line: an output may be 10 MB. */
  private static final int MAX_LINE = 400;

  private final List<Violation> violations = new ArrayList<>();
  private final Map<Invariant, Long> judged = new EnumMap<>(Invariant.class);
  private final Map<Invariant, Long> broken = new EnumMap<>(Invariant.class);

  /** Something was looked at. */
  void judged(Invariant invariant) {
    judged(invariant, 1);
  }

  /** So many things were looked at. */
  void judged(Invariant invariant, long count) {
    judged.merge(invariant, count, Long::sum);
  }

  /** Something is not as it must be. */
  void broken(Invariant invariant, String job, long at, String explanation, Object... evidence) {
    if (broken.merge(invariant, 1L, Long::sum) <= MAX_TOLD) {
      violations.add(
          new Violation(
              invariant,
              job,
              at,
              Stream.of(evidence).limit(MAX_EVIDENCE).map(Findings::line).toList(),
              explanation));
    }
  }

  List<Violation> violations() {
    return List.copyOf(violations);
  }

  long judgedOf(Invariant invariant) {
    return judged.getOrDefault(invariant, 0L);
  }

  long brokenOf(Invariant invariant) {
    return broken.getOrDefault(invariant, 0L);
  }

  private static String line(Object evidence) {
    var text = evidence.toString();
    return text.length() <= MAX_LINE ? text : text.substring(0, MAX_LINE) + " …";
  }
}
