package io.tallyman.chaos.check;

import io.tallyman.chaos.history.History;
import io.tallyman.chaos.json.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes a report beside the history it is about. */
public final class ReportFiles {

  /** For programs: the {@link Report}. */
  public static final String JSON = "report.json";

  /** For people: one page that needs nothing else. */
  public static final String HTML = "history.html";

  private ReportFiles() {}

  /**
   * Writes both files, over those of an earlier judgement.
   *
   * @throws UncheckedIOException when the folder cannot be written to
   */
  public static void write(Path folder, History history, Report report) {
    Json.write(folder.resolve(JSON), report);
    var page = folder.resolve(HTML);
    try {
      Files.writeString(page, HtmlReport.of(history, report));
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to write " + page, e);
    }
  }
}
