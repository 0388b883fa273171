package io.tallyman.chaos.record;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** Looks for texts that are secret where everybody can read. */
public final class Canaries {

  private Canaries() {}

  /**
   * Searches files, line by line.
   *
   * @param canaries ASCII texts, each of them a secret
   * @param files such as logs of services and the files of a history; one that is not there is a
   *     mistake of the caller
   * @return {@code file:line: canary} for each that was found, once per file
   */
  public static List<String> leaks(Collection<String> canaries, Collection<Path> files) {
    var leaks = new ArrayList<String>();
    for (var file : files) {
      var left = new ArrayList<>(canaries);
      // Any byte is a character of Latin-1: a log may hold whatever it likes.
      try (var reader = Files.newBufferedReader(file, ISO_8859_1)) {
        var number = 1;
        for (var line = reader.readLine(); line != null; line = reader.readLine()) {
          for (var canary : List.copyOf(left)) {
            if (line.contains(canary)) {
              leaks.add("%s:%d: %s".formatted(file.getFileName(), number, canary));
              left.remove(canary);
            }
          }
          number++;
        }
      } catch (IOException e) {
        throw new UncheckedIOException("Expected to search %s for secrets".formatted(file), e);
      }
    }
    return leaks;
  }
}
