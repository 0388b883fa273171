package io.tallyman.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Sends the log of everything-in-one-process into a file: the screen belongs to the user. */
final class EmbeddedLog {

  private EmbeddedLog() {}

  /** To be called before the first logger exists. Returns the file. */
  static Path in(Path dataDir) {
    var file = dataDir.resolve("tally.log");
    try {
      Files.createDirectories(dataDir);
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to make the folder " + dataDir, e);
    }
    System.setProperty("tally.log", file.toString());
    System.setProperty("logback.configurationFile", "logback-embedded.xml");
    return file;
  }
}
