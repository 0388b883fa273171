package io.tallyman.chaos;

import io.tallyman.chaos.json.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What came of a run beside its history.
 *
 * @param broken promises about processes that no history shows: one sentence each
 * @param notes what could not be done, or took longer
 */
record Outcome(List<String> broken, List<String> notes) {

  private static final String FILE = "outcome.json";

  Outcome {
    broken = List.copyOf(broken);
    notes = List.copyOf(notes);
  }

  /** Writes it into the run's folder, for those who judge it again. */
  void write(Path folder) {
    Json.write(folder.resolve(FILE), this);
  }

  /**
   * Reads it.
   *
   * @throws UncheckedIOException when it is not there: the run was cut short
   */
  static Outcome read(Path folder) {
    var file = folder.resolve(FILE);
    try {
      var json = Json.parse(Files.readString(file)).orElseThrow();
      return new Outcome(sentences(json.at("broken")), sentences(json.at("notes")));
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to read " + file, e);
    }
  }

  private static List<String> sentences(Json array) {
    return array.elements().stream().flatMap(it -> it.text().stream()).toList();
  }
}
