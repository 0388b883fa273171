package io.tallyman.chaos;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;

/** What many runs came to, for people. Not thread-safe. */
public final class Campaign {

  private final List<String> rows = new ArrayList<>();
  private final Map<String, Integer> verdicts = new TreeMap<>();
  private final Map<String, Integer> faults = new TreeMap<>();
  private final Map<String, List<Recovery.Figure>> recoveries = new LinkedHashMap<>();
  private long operations;
  private long jobs;
  private long webhooks;

  /** One more run. */
  public void add(Judgement run) {
    verdicts.merge(run.verdict(), 1, Integer::sum);
    rows.add(
        "%5d  %-9s %6d %5d %7d  %s"
            .formatted(
                run.seed(),
                run.verdict(),
                run.operations(),
                run.jobs(),
                run.faults(),
                run.longestRecovery()));
    operations += run.operations();
    jobs += run.jobs();
    webhooks += run.webhooks();
    run.faultsMade().forEach(fault -> faults.merge(fault.fault(), 1, Integer::sum));
    run.recoveries()
        .forEach(
            figure ->
                recoveries.computeIfAbsent(figure.what(), _ -> new ArrayList<>()).add(figure));
  }

  /** One more run, that came to no end. */
  public void stuck(long seed, String why) {
    verdicts.merge("STUCK", 1, Integer::sum);
    rows.add("%5d  %-9s %s".formatted(seed, "STUCK", why));
  }

  /** Whether all runs were valid. */
  public boolean isValid() {
    return verdicts.keySet().equals(Set.of("VALID"));
  }

  /** Everything. */
  public String text() {
    var lines = new ArrayList<String>();
    lines.add(" seed  verdict      ops  jobs  faults  longest recovery");
    lines.addAll(rows);
    lines.add("");
    lines.add(
        "%d runs %s: %d operations, %d jobs, %d webhooks"
            .formatted(rows.size(), verdicts, operations, jobs, webhooks));
    lines.add(
        "%d faults %s"
            .formatted(faults.values().stream().mapToInt(Integer::intValue).sum(), faults));
    lines.add("");
    lines.add("%-58s %5s %8s %8s %8s".formatted("recovery", "times", "median", "longest", "limit"));
    recoveries.forEach((what, figures) -> lines.add(row(what, figures)));
    return String.join("\n", lines);
  }

  private static String row(String what, List<Recovery.Figure> figures) {
    var sorted =
        figures.stream()
            .map(Recovery.Figure::standstill)
            .flatMapToLong(OptionalLong::stream)
            .sorted()
            .toArray();
    var never = figures.size() - sorted.length;
    return "%-58s %5d %8s %8s %6d s%s"
        .formatted(
            what,
            figures.size(),
            sorted.length == 0 ? "" : seconds(sorted[sorted.length / 2]),
            sorted.length == 0 ? "" : seconds(sorted[sorted.length - 1]),
            figures.getFirst().limit().toSeconds(),
            never == 0 ? "" : ", never %d times".formatted(never));
  }

  private static String seconds(long micros) {
    return "%.1f s".formatted(micros / 1e6);
  }
}
