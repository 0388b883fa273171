package io.tallyman.chaos.history;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A whole history in memory, each list in the order of its file. */
public record History(
    Run run,
    List<ClientCall> calls,
    List<LogRecord> log,
    List<Received> received,
    List<ContainerSighting> containers,
    List<RedisSighting> redis,
    List<FaultMark> faults,
    List<ServiceSighting> services) {

  /**
   * Reads the folder of a run.
   *
   * @throws UncheckedIOException naming the file and the line that cannot be read
   */
  public static History read(Path folder) {
    try {
      var run =
          new ObjectMapper()
              .readValue(folder.resolve(HistoryFile.RUN.fileName()).toFile(), Run.class);
      return new History(
          run,
          lines(folder, HistoryFile.CLIENT, ClientCall.class),
          lines(folder, HistoryFile.LOG, LogRecord.class),
          lines(folder, HistoryFile.RECEIVER, Received.class),
          lines(folder, HistoryFile.CONTAINERS, ContainerSighting.class),
          lines(folder, HistoryFile.REDIS, RedisSighting.class),
          lines(folder, HistoryFile.NEMESIS, FaultMark.class),
          lines(folder, HistoryFile.SERVICES, ServiceSighting.class));
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to read the history in " + folder, e);
    }
  }

  /**
   * Reads what recovery is measured by, which is no part of what is judged.
   *
   * @throws UncheckedIOException naming the file and the line that cannot be read
   */
  public static List<Progress> progress(Path folder) {
    try {
      return lines(folder, HistoryFile.PROGRESS, Progress.class);
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to read the progress in " + folder, e);
    }
  }

  private static <T> List<T> lines(Path folder, HistoryFile file, Class<T> type)
      throws IOException {
    var mapper = new ObjectMapper();
    var lines = new ArrayList<T>();
    try (var reader = Files.newBufferedReader(folder.resolve(file.fileName()))) {
      for (var line = reader.readLine(); line != null; line = reader.readLine()) {
        try {
          lines.add(mapper.readValue(line, type));
        } catch (JsonProcessingException e) {
          throw new IOException(
              "%s, line %d: %s"
                  .formatted(file.fileName(), lines.size() + 1, e.getOriginalMessage()),
              e);
        }
      }
    }
    return lines;
  }
}
