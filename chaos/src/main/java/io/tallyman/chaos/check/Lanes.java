package io.tallyman.chaos.check;

import static io.tallyman.chaos.check.HtmlReport.escape;

import io.tallyman.chaos.history.ClientCall;
import io.tallyman.chaos.history.ContainerSighting;
import io.tallyman.chaos.history.History;
import io.tallyman.chaos.history.LogRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * A run as a picture: faults on top, below them one lane per component. Each lane is a row of bars,
 * the higher the more of its records are in that part of the run; what failed is in other colours.
 */
final class Lanes {

  private static final int LEFT = 96;
  private static final int WIDTH = 1_200;
  private static final int LANE = 44;
  private static final int FAULT = 14;
  private static final int BINS = 400;

  /** More faults than this share their lines. */
  private static final int FAULT_LINES = 24;

  private final History history;
  private final long from;
  private final long to;
  private final StringBuilder svg = new StringBuilder();
  private int y = 8;

  private Lanes(History history) {
    this.history = history;
    this.from = history.run().startedAt();
    this.to = Math.max(history.run().endedAt(), from + 1);
  }

  static String svg(History history, Report report) {
    var lanes = new Lanes(history);
    lanes.draw(report);
    return """
    <svg viewBox="0 0 %d %d" role="img" aria-label="Faults, records and violations over time">
    %s</svg>
    """
        .formatted(WIDTH, lanes.y + 24, lanes.svg);
  }

  private void draw(Report report) {
    var windows = Faults.of(history.faults(), history.run().healedAt()).windows();
    var top = y;
    text(4, y + 10, "dim", "faults");
    var line = 0;
    for (var window : windows) {
      var x = x(window.start());
      var width = Math.max(2, x(window.end()) - x);
      var at = top + line % FAULT_LINES * FAULT;
      svg.append(
          """
          <rect class="fault" x="%.1f" y="%d" width="%.1f" height="4"><title>%s</title></rect>
          """
              .formatted(x, at, width, escape(Texts.of(window) + " " + window.detail())));
      text(x, at + 13, "dim", window.fault() + " " + window.target());
      line++;
    }
    y = top + Math.clamp(windows.size(), 1, FAULT_LINES) * FAULT + 10;
    var lanesTop = y;
    lane("api", calls(ClientCall.Outcome.OK), calls(ClientCall.Outcome.FAIL), info());
    lane("brokers", log("job-commands"), List.of(), log("dead-letters"));
    lane("processor", log("job-events"), log("job-rejections"), List.of());
    lane(
        "runners",
        containers(ContainerSighting.Kind.STARTED, ContainerSighting.Kind.RUNNING),
        containers(ContainerSighting.Kind.ENDED),
        List.of());
    lane("redis", redis(), List.of(), List.of());
    lane("dispatcher", log("webhook-attempts"), List.of(), log("webhook-dead-letters"));
    lane("receiver", received(it -> it / 100 == 2), received(it -> it / 100 != 2), List.of());
    for (var window : windows) {
      svg.append(
          "<rect class=\"shade\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>\n"
              .formatted(
                  x(window.start()),
                  lanesTop,
                  Math.max(1, x(window.end()) - x(window.start())),
                  y - lanesTop));
    }
    for (int i = 0; i < report.violations().size(); i++) {
      mark(i, report.violations().get(i), lanesTop);
    }
    axis();
  }

  private void mark(int index, Violation violation, int lanesTop) {
    var x = x(violation.at());
    svg.append(
        """
        <a href="#v%d"><line class="mark" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>\
        <circle class="bad" cx="%.1f" cy="%d" r="4"/><title>%s %s</title></a>
        """
            .formatted(
                index,
                x,
                x,
                lanesTop,
                y,
                x,
                lanesTop,
                violation.invariant(),
                escape(violation.explanation())));
  }

  private void lane(String name, List<Long> good, List<Long> mild, List<Long> bad) {
    var counts = new int[3][BINS];
    count(counts[0], good);
    count(counts[1], mild);
    count(counts[2], bad);
    var most = 1;
    for (int bin = 0; bin < BINS; bin++) {
      most = Math.max(most, counts[0][bin] + counts[1][bin] + counts[2][bin]);
    }
    var bottom = y + LANE - 6;
    var classes = new String[] {"bar", "mild", "bad"};
    for (int bin = 0; bin < BINS; bin++) {
      double at = bottom;
      for (int kind = 0; kind < counts.length; kind++) {
        if (counts[kind][bin] > 0) {
          var height = Math.max(1.5, (LANE - 12.0) * counts[kind][bin] / most);
          at -= height;
          svg.append(
              "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n"
                  .formatted(
                      classes[kind],
                      LEFT + (double) bin * (WIDTH - LEFT) / BINS,
                      at,
                      (double) (WIDTH - LEFT) / BINS - 0.4,
                      height));
        }
      }
    }
    text(4, y + LANE / 2 + 4, "", name);
    svg.append(
        "<line class=\"rule\" x1=\"0\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>\n"
            .formatted(WIDTH, y + LANE - 4, y + LANE - 4));
    y += LANE;
  }

  private void count(int[] bins, List<Long> times) {
    for (var time : times) {
      var bin = (time - from) * BINS / (to - from);
      if (time >= from && bin >= 0 && bin < BINS) {
        bins[(int) bin]++;
      }
    }
  }

  private void axis() {
    for (int i = 0; i <= 10; i++) {
      var seconds = (to - from) * i / 10 / 1_000_000;
      text(
          Math.min(WIDTH - 40.0, LEFT + (double) (WIDTH - LEFT) * i / 10),
          y + 14,
          "dim",
          seconds + " s");
    }
  }

  private void text(double x, int at, String type, String text) {
    svg.append(
        "<text class=\"%s\" x=\"%.1f\" y=\"%d\">%s</text>\n".formatted(type, x, at, escape(text)));
  }

  private double x(long time) {
    var share = (double) (Math.clamp(time, from, to) - from) / (to - from);
    return LEFT + share * (WIDTH - LEFT);
  }

  private List<Long> calls(ClientCall.Outcome outcome) {
    return history.calls().stream()
        .filter(call -> call.outcome() == outcome)
        .map(ClientCall::endedAt)
        .toList();
  }

  private List<Long> info() {
    return calls(ClientCall.Outcome.INFO);
  }

  private List<Long> log(String topic) {
    var times = new ArrayList<Long>();
    for (LogRecord record : history.log()) {
      if (record.topic().equals(topic)) {
        times.add(record.timestamp() * 1_000);
      }
    }
    return times;
  }

  private List<Long> containers(ContainerSighting.Kind... kinds) {
    return history.containers().stream()
        .filter(sighting -> List.of(kinds).contains(sighting.kind()))
        .map(ContainerSighting::at)
        .toList();
  }

  private List<Long> redis() {
    return history.redis().stream().map(sighting -> sighting.at()).toList();
  }

  private List<Long> received(Predicate<Integer> answer) {
    return history.received().stream()
        .filter(received -> answer.test(received.answer()))
        .map(received -> received.at())
        .toList();
  }
}
