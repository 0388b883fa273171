package io.tallyman.chaos.check;

import io.tallyman.chaos.history.History;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * Judges histories. Pure: the same history gets the same report, years later too, with {@code
 * Checker.check(History.read(folder))}. {@link ReportFiles} writes it down.
 */
public final class Checker {

  private static final List<BiConsumer<Facts, Findings>> RULES =
      List.of(
          Submissions::judge,
          Replay::judge,
          EventRules::judge,
          EventRules::limits,
          ContainerRules::judge,
          Results::judge,
          RedisRules::judge,
          Sessions::judge,
          Linearizability::judge,
          Webhooks::judge,
          WebhookSchedule::judge,
          Liveness::judge,
          Fairness::judge,
          Folds::judge,
          Poison::judge,
          Totals::judge,
          Secrets::judge);

  private Checker() {}

  /** Holds the history against every invariant. */
  public static Report check(History history) {
    var facts = new Facts(history);
    var findings = new Findings();
    RULES.forEach(rule -> rule.accept(facts, findings));
    var coverage = Coverage.of(facts);
    var run = history.run();
    return new Report(
        verdict(findings, coverage),
        run.seed(),
        run.profile(),
        "./tally chaos --seed %d --profile %s".formatted(run.seed(), run.profile()),
        records(history),
        Arrays.stream(Invariant.values())
            .filter(invariant -> invariant.reasonNotApplicable() == null)
            .map(
                invariant ->
                    new Report.Judgement(
                        invariant,
                        invariant.sentence(),
                        findings.judgedOf(invariant),
                        findings.brokenOf(invariant)))
            .toList(),
        notApplicable(),
        findings.violations(),
        coverage.hits(),
        coverage.missing());
  }

  private static Verdict verdict(Findings findings, Coverage coverage) {
    if (!findings.violations().isEmpty()) {
      return Verdict.VIOLATED;
    }
    return coverage.missing().isEmpty() ? Verdict.VALID : Verdict.VACUOUS;
  }

  private static Map<Invariant, String> notApplicable() {
    var reasons = new EnumMap<Invariant, String>(Invariant.class);
    for (var invariant : Invariant.values()) {
      var reason = invariant.reasonNotApplicable();
      if (reason != null) {
        reasons.put(invariant, reason);
      }
    }
    return reasons;
  }

  private static Map<String, Integer> records(History history) {
    var records = new LinkedHashMap<String, Integer>();
    records.put("calls", history.calls().size());
    records.put("log", history.log().size());
    records.put("received", history.received().size());
    records.put("containers", history.containers().size());
    records.put("redis", history.redis().size());
    records.put("faults", history.faults().size());
    records.put("services", history.services().size());
    return records;
  }
}
