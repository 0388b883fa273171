package io.tallyman.chaos.history;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;

/** Writes the files of one run. Thread-safe; a line is in its file when the call returns. */
public final class HistoryWriter implements AutoCloseable {

  private final ObjectMapper mapper = new ObjectMapper();
  private final Map<HistoryFile, Writer> writers = new EnumMap<>(HistoryFile.class);

  /**
   * @param folder of the run, new or empty
   * @throws UncheckedIOException when the folder cannot be written to
   */
  public HistoryWriter(Path folder) {
    try {
      Files.createDirectories(folder);
      for (var file : HistoryFile.values()) {
        if (file != HistoryFile.RUN) {
          writers.put(file, Files.newBufferedWriter(folder.resolve(file.fileName())));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to write a history to " + folder, e);
    }
  }

  /** Appends one line to the file that its type belongs to. */
  public synchronized void write(Record line) {
    var entry =
        writers.entrySet().stream()
            .filter(candidate -> candidate.getKey().type() == line.getClass())
            .findAny()
            .orElseThrow(() -> new IllegalArgumentException("no file holds " + line.getClass()));
    try {
      var writer = entry.getValue();
      writer.write(mapper.writeValueAsString(line));
      writer.write('\n');
      writer.flush();
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to append to " + entry.getKey().fileName(), e);
    }
  }

  /** Writes what the run was: the last thing of all. */
  public static void writeRun(Path folder, Run run) {
    var file = folder.resolve(HistoryFile.RUN.fileName());
    try {
      new ObjectMapper().writerWithDefaultPrettyPrinter().writeValue(file.toFile(), run);
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to write " + file, e);
    }
  }

  @Override
  public synchronized void close() {
    for (var writer : writers.values()) {
      try {
        writer.close();
      } catch (IOException e) {
        throw new UncheckedIOException("Expected to close the history", e);
      }
    }
  }
}
