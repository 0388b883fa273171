package io.tallyman.chaos.check;

import java.util.List;
import java.util.Map;

/**
 * The judgement of one history.
 *
 * @param repro the command that makes such a run again: the same faults and load at the same times,
 *     not the same interleaving
 * @param records lines of the history, by kind
 * @param invariants one line for each that can be judged
 * @param notApplicable invariants that cannot, and why
 * @param violations at most {@value Findings#MAX_TOLD} of each invariant
 * @param hits how often each thing happened without which a run proves nothing
 * @param missing what did not happen and should have
 */
public record Report(
    Verdict verdict,
    long seed,
    String profile,
    String repro,
    Map<String, Integer> records,
    List<Judgement> invariants,
    Map<Invariant, String> notApplicable,
    List<Violation> violations,
    Map<String, Long> hits,
    List<String> missing) {

  /**
   * How an invariant fared.
   *
   * @param judged how many things it was held against: with 0 it proves nothing
   * @param broken how many of them broke it
   */
  public record Judgement(Invariant invariant, String sentence, long judged, long broken) {}
}
