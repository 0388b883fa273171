package io.tallyman.cli.demo;

import io.tallyman.cli.http.WebhookReceiver.Received;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobView;
import java.io.PrintStream;
import java.time.Duration;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;

/** Prints the demonstration, aligned for a human eye: what, where it was seen, the fact. */
final class Transcript {

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("HH:mm:ss.SSS").withZone(ZoneId.systemDefault());

  /** Longest body shown; the demo's own are shorter. */
  private static final int WIDTH = 150;

  private final PrintStream out;

  Transcript(PrintStream out) {
    this.out = out;
  }

  void title(String text) {
    out.println();
    out.println(text);
  }

  void line(String what, String text) {
    out.printf("  %-9s %s%n", what, text.substring(0, Math.min(WIDTH, text.length())));
  }

  void event(String before, JobEvent event) {
    var view = JobView.of(event);
    line(
        "event",
        "#%d  %-11s → %-11s  %s  %s"
            .formatted(
                event.meta().sequence(),
                before,
                event.status(),
                TIME.format(event.meta().time()),
                times(view)));
  }

  void webhook(Received webhook) {
    line(
        "webhook",
        "    %-25s  attempt %d, signature %s  %s"
            .formatted(
                webhook.view().status(),
                webhook.attempt(),
                webhook.isSigned() ? "checked" : "WRONG",
                webhook.body()));
  }

  private static String times(JobView view) {
    return view.executionTime()
            .map(time -> "ran " + millis(time))
            .or(() -> view.delayTime().map(time -> "waited " + millis(time)))
            .orElse("")
        + view.error().map(error -> ", " + error).orElse("");
  }

  private static String millis(Duration time) {
    return time.toMillis() + " ms";
  }
}
