package io.tallyman.processor.simulation;

import io.tallyman.processor.simulation.Invariant.Violation;
import io.tallyman.processor.simulation.Simulation.Planted;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Runs many seeds, and makes a short story of the first that fails. */
final class Seeds {

  /** A failing seed. */
  record Failure(Violation violation, String story) {}

  private final Planted planted;
  private final Map<String, Integer> met = new TreeMap<>();
  private int fewestSteps = Integer.MAX_VALUE;
  private long steps;

  Seeds(Planted planted) {
    this.planted = planted;
  }

  /** The first failure among the seeds {@code [from, from + count)}. */
  Optional<Failure> run(long from, int count) {
    for (var seed = from; seed < from + count; seed++) {
      var plan = Plan.of(seed);
      var result = Simulation.run(plan, planted, false);
      steps += result.steps();
      fewestSteps = Math.min(fewestSteps, result.steps());
      result.met().forEach((what, times) -> met.merge(what, times, Integer::sum));
      if (result.violation().isPresent()) {
        var violation = result.violation().get();
        return Optional.of(new Failure(violation, story(plan, violation)));
      }
    }
    return Optional.empty();
  }

  Map<String, Integer> met() {
    return met;
  }

  /** All that happened in all runs. */
  long steps() {
    return steps;
  }

  int fewestSteps() {
    return fewestSteps;
  }

  private String story(Plan plan, Violation violation) {
    var shrunk = shrink(plan, violation.invariant());
    var told = Simulation.run(shrunk, planted, true);
    return """
    %s
    again: mvn -pl state-processor -am test -Dtest=SimulationTest -Dsimulation.seed=%d \
    -DfailIfNoSpecifiedTests=false -Dsurefire.failIfNoSpecifiedTests=false
    shrunk from %d to %d acts: %s
    then %s
    %s\
    """
        .formatted(
            violation.getMessage(),
            plan.seed(),
            plan.acts().size(),
            shrunk.acts().size(),
            shrunk.acts(),
            told.violation().map(Violation::getMessage).orElse("nothing"),
            String.join("\n", told.trace()));
  }

  /** Leaves out acts, halves first, as long as the same invariant breaks. */
  private Plan shrink(Plan plan, Invariant invariant) {
    var least = plan;
    for (var size = Math.max(1, plan.acts().size() / 2); size >= 1; size /= 2) {
      for (var from = 0; from < least.acts().size(); ) {
        var fewer = least.without(from, size);
        var isSame =
            Simulation.run(fewer, planted, false)
                .violation()
                .filter(violation -> violation.invariant() == invariant)
                .isPresent();
        if (isSame) {
          least = fewer;
        } else {
          from += size;
        }
      }
    }
    return least;
  }
}
