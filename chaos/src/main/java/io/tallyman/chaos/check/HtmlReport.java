package io.tallyman.chaos.check;

import io.tallyman.chaos.history.History;
import java.util.stream.Collectors;

/** The page of a run: verdict, lanes, violations, what was judged. No script, nothing external. */
final class HtmlReport {

  private static final String STYLE =
      """
      :root { color-scheme: light dark; --ink: #1d2330; --dim: #667085; --line: #d8dde6;
        --page: #ffffff; --card: #f6f7f9; --bar: #6b8fd6; --mild: #c99a2e; --bad: #c8323b;
        --good: #2c8a52; --fault: #e8a33d; }
      @media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --dim: #98a2b3;
        --line: #343b49; --page: #14171d; --card: #1c2129; --bar: #7fa2e8; --mild: #dcb45a;
        --bad: #f0656d; --good: #5cc48a; --fault: #d9943a; } }
      body { margin: 2rem auto; padding: 0 1rem; max-width: 76rem; background: var(--page);
        color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
      h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
      code, pre { font: 13px/1.45 ui-monospace, monospace; }
      pre { overflow-x: auto; margin: .4rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
      svg { width: 100%; height: auto; background: var(--card); border-radius: 6px; }
      svg text { fill: var(--ink); font: 11px system-ui, sans-serif; }
      svg .dim { fill: var(--dim); } svg .rule { stroke: var(--line); }
      svg .bar { fill: var(--bar); } svg .mild { fill: var(--mild); } svg .bad { fill: var(--bad); }
      svg .fault { fill: var(--fault); } svg .mark { stroke: var(--bad); stroke-width: 1.5; }
      svg .shade { fill: var(--fault); opacity: .1; }
      table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
      td, th { padding: .25rem .6rem; border-bottom: 1px solid var(--line); text-align: left; }
      .number { text-align: right; } .dim { color: var(--dim); }
      .verdict { display: inline-block; padding: .1rem .6rem; border-radius: 4px;
        color: var(--page); font-weight: 600; }
      .VALID { background: var(--good); } .VIOLATED { background: var(--bad); }
      .VACUOUS { background: var(--mild); }
      article { background: var(--card); border-left: 3px solid var(--bad); border-radius: 4px;
        padding: .5rem .9rem; margin: .8rem 0; }
      """;

  private HtmlReport() {}

  static String of(History history, Report report) {
    var page = new StringBuilder(1 << 16);
    page.append("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">")
        .append("<meta name=\"viewport\" content=\"width=device-width\">")
        .append("<title>%s, seed %d</title>".formatted(report.verdict(), report.seed()))
        .append("<style>\n%s</style></head><body>\n".formatted(STYLE));
    head(page, history, report);
    page.append(Lanes.svg(history, report));
    violations(page, report);
    invariants(page, report);
    coverage(page, report);
    return page.append("</body></html>\n").toString();
  }

  /** Text as it is, wherever in the page. */
  static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }

  private static void head(StringBuilder page, History history, Report report) {
    var run = history.run();
    page.append(
        """
        <h1><span class="verdict %1$s">%1$s</span> seed %2$d, profile %3$s</h1>
        <p>%4$s to %5$s, healed at %6$s. %7$s.</p>
        <p>Again: <code>%8$s</code></p>
        """
            .formatted(
                report.verdict(),
                report.seed(),
                escape(report.profile()),
                Texts.time(run.startedAt()),
                Texts.time(run.endedAt()),
                Texts.time(run.healedAt()),
                report.records().entrySet().stream()
                    .map(entry -> entry.getValue() + " " + entry.getKey())
                    .collect(Collectors.joining(", ")),
                escape(report.repro())));
  }

  private static void violations(StringBuilder page, Report report) {
    page.append("<h2>Violations</h2>\n");
    if (report.violations().isEmpty()) {
      page.append("<p>None.</p>\n");
    }
    for (var violation : report.violations()) {
      page.append(
          """
          <article id="v%s"><strong>%s</strong> %s<br><span class="dim">%s%s</span><pre>%s</pre>
          <code>%s</code></article>
          """
              .formatted(
                  report.violations().indexOf(violation),
                  violation.invariant(),
                  escape(violation.explanation()),
                  Texts.time(violation.at()),
                  violation.job().isEmpty() ? "" : ", job " + escape(violation.job()),
                  escape(String.join("\n", violation.evidence())),
                  escape(report.repro())));
    }
  }

  private static void invariants(StringBuilder page, Report report) {
    page.append("<h2>Invariants</h2>\n<table><tr><th></th><th>what holds</th>")
        .append("<th class=\"number\">judged</th><th class=\"number\">broken</th></tr>\n");
    for (var one : report.invariants()) {
      page.append(
          "<tr><td>%s</td><td>%s</td><td class=\"number\">%,d</td><td class=\"number\">%,d</td></tr>\n"
              .formatted(one.invariant(), escape(one.sentence()), one.judged(), one.broken()));
    }
    report
        .notApplicable()
        .forEach(
            (invariant, reason) ->
                page.append(
                    "<tr class=\"dim\"><td>%s</td><td>%s: %s</td><td colspan=\"2\">not applicable</td></tr>\n"
                        .formatted(invariant, escape(invariant.sentence()), escape(reason))));
    page.append("</table>\n");
  }

  private static void coverage(StringBuilder page, Report report) {
    page.append("<h2>What happened</h2>\n<table>");
    report
        .hits()
        .forEach(
            (hit, count) ->
                page.append(
                    "<tr><td>%s</td><td class=\"number\">%,d</td></tr>\n"
                        .formatted(escape(hit), count)));
    page.append("</table>\n");
    for (var missing : report.missing()) {
      page.append("<p>Missing: %s</p>\n".formatted(escape(missing)));
    }
  }
}
