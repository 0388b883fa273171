package io.tallyman.chaos;

import io.tallyman.chaos.check.Checker;
import io.tallyman.chaos.check.Report;
import io.tallyman.chaos.check.ReportFiles;
import io.tallyman.chaos.check.Verdict;
import io.tallyman.chaos.history.ClientCall;
import io.tallyman.chaos.history.FaultMark;
import io.tallyman.chaos.history.History;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What is to be said of a run that is over, from its folder. */
public final class Judgement {

  private final Path folder;
  private final History history;
  private final Report report;
  private final List<Recovery.Figure> recoveries;
  private final Outcome outcome;

  private Judgement(
      Path folder,
      History history,
      Report report,
      List<Recovery.Figure> recoveries,
      Outcome outcome) {
    this.folder = folder;
    this.history = history;
    this.report = report;
    this.recoveries = recoveries;
    this.outcome = outcome;
  }

  /**
   * Judges a folder, and writes the report into it.
   *
   * @throws java.io.UncheckedIOException when the run that it is of was cut short
   */
  public static Judgement of(Path folder) {
    var history = History.read(folder);
    var report = Checker.check(history);
    ReportFiles.write(folder, history, report);
    return new Judgement(
        folder,
        history,
        report,
        Recovery.of(history, History.progress(folder)),
        Outcome.read(folder));
  }

  /** Its seed. */
  long seed() {
    return report.seed();
  }

  /** Webhooks that receivers got. */
  int webhooks() {
    return history.received().size();
  }

  /** Each fault that was made. */
  List<FaultMark> faultsMade() {
    return history.faults().stream().filter(FaultMark::isStart).toList();
  }

  /** How long things stood still. */
  List<Recovery.Figure> recoveries() {
    return recoveries;
  }

  /** Whether all held, and enough happened for that to mean something. */
  public boolean isValid() {
    return report.verdict() == Verdict.VALID && outcome.broken().isEmpty();
  }

  /** One word. */
  public String verdict() {
    return isValid() || report.verdict() != Verdict.VALID ? report.verdict().name() : "VIOLATED";
  }

  /** Calls made by clients. */
  public int operations() {
    return history.calls().size();
  }

  /** Jobs accepted. */
  public long jobs() {
    return history.calls().stream()
        .filter(call -> call.operation().equals("run"))
        .filter(call -> call.outcome() == ClientCall.Outcome.OK)
        .map(ClientCall::job)
        .distinct()
        .count();
  }

  /** Faults made. */
  public long faults() {
    return faultsMade().size();
  }

  /** The worst figure, for a table; empty when nothing was measured. */
  public String longestRecovery() {
    return recoveries.stream()
        .max(Comparator.comparingLong(figure -> figure.standstill().orElse(Long.MAX_VALUE)))
        .map(figure -> figure.time() + " (" + figure.what() + ")")
        .orElse("");
  }

  /** Everything, for people. */
  public String text() {
    var lines = new ArrayList<String>();
    lines.add("%s  seed %d, profile %s".formatted(verdict(), report.seed(), report.profile()));
    lines.add(
        "%d operations (%s), %d jobs, %d webhooks received, %d records of log"
            .formatted(
                operations(), outcomes(), jobs(), history.received().size(), history.log().size()));
    lines.add("%d faults: %s".formatted(faults(), byKind()));
    lines.add("");
    lines.addAll(figures());
    lines.add("");
    lines.addAll(broken());
    report.missing().forEach(missing -> lines.add("MISSING  " + missing));
    outcome.notes().forEach(note -> lines.add("note     " + note));
    lines.add("folder   " + folder);
    lines.add("page     " + folder.resolve(ReportFiles.HTML));
    lines.add("again    " + report.repro());
    return String.join("\n", lines);
  }

  private List<String> figures() {
    var lines = new ArrayList<String>();
    lines.add("%-58s %10s %8s".formatted("recovery (longest standstill)", "measured", "limit"));
    for (var figure : recoveries) {
      lines.add(
          "%-58s %10s %6d s%s"
              .formatted(
                  figure.what(),
                  figure.time(),
                  figure.limit().toSeconds(),
                  figure.isKept() ? "" : "  TOO LONG"));
    }
    return lines;
  }

  private List<String> broken() {
    var lines = new ArrayList<String>();
    for (var judged : report.invariants()) {
      if (judged.broken() > 0) {
        lines.add(
            "VIOLATED %s: %d of %d. %s"
                .formatted(
                    judged.invariant(), judged.broken(), judged.judged(), judged.sentence()));
      }
    }
    report.violations().forEach(violation -> lines.add("  " + violation));
    outcome.broken().forEach(sentence -> lines.add("VIOLATED " + sentence));
    return lines;
  }

  private String outcomes() {
    var counts =
        history.calls().stream()
            .collect(
                Collectors.groupingBy(
                    call -> call.outcome().name().toLowerCase(Locale.ROOT),
                    TreeMap::new,
                    Collectors.counting()));
    return counts.entrySet().stream()
        .map(entry -> entry.getValue() + " " + entry.getKey())
        .collect(Collectors.joining(", "));
  }

  private String byKind() {
    var counts =
        faultsMade().stream()
            .collect(Collectors.groupingBy(FaultMark::fault, TreeMap::new, Collectors.counting()));
    return counts.entrySet().stream()
        .map(entry -> entry.getKey() + " " + entry.getValue())
        .collect(Collectors.joining(", "));
  }
}
