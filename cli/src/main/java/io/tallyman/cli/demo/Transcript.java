package io.tallyman.cli.demo;

import io.tallyman.cli.http.WebhookReceiver.Received;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobView;
import java.io.PrintStream;
import java.time.Duration;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.regex.Pattern;

/** Prints the demonstration, aligned for a human eye: what, where it was seen, the fact. */
final class Transcript {

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("HH:mm:ss.SSS").withZone(ZoneId.systemDefault());

  /** Ids made within a minute differ at their end. */
  private static final Pattern ID =
      Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{6}([0-9a-f]{6})");

  /** Longest body shown; the demo's own are shorter. */
  private static final int WIDTH = 140;

  private final PrintStream out;

  Transcript(PrintStream out) {
    this.out = out;
  }

  void title(String text) {
    out.println();
    out.println(text);
  }

  void line(String what, String text) {
    var shown = ID.matcher(text).replaceAll("…$1");
    out.printf(
        "  %-9s %s%n", what, shown.length() <= WIDTH ? shown : shown.substring(0, WIDTH - 1) + "…");
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
                times(view))
            .strip());
  }

  void webhook(Received webhook) {
    line(
        "webhook",
        "    %-25s  attempt %d%s, signature %s  %s"
            .formatted(
                webhook.view().status(),
                webhook.attempt(),
                webhook.trigger().isEmpty() ? "" : " (" + webhook.trigger() + ")",
                webhook.signature(),
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
