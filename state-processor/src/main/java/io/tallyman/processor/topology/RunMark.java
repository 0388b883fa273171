package io.tallyman.processor.topology;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file beside the state stores, there from the start of a run until its orderly end: who finds it
 * knows that the last run was killed.
 *
 * <p>Kafka Streams has a mark of its own in each store, and since 4.3 it is not enough: a task that
 * is closed because its producer was fenced first has its stores closed, with what the aborted
 * transaction wrote, and marked as closed in order; then its folder is deleted. A process killed in
 * between leaves a store that holds jobs which were never queued, and the next start takes it for
 * good: the command that is read again finds the job there, and no event is ever written.
 */
final class RunMark {

  static final String NAME = "running";

  private final Path file;

  /**
   * The mark of this folder.
   *
   * @param folder of the state stores; made when missing
   * @throws UncheckedIOException when it cannot be made
   */
  RunMark(Path folder) {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to make " + folder, e);
    }
    this.file = folder.resolve(NAME);
  }

  /** Whether the last run did not end in order. */
  boolean isSet() {
    return Files.exists(file);
  }

  /** Sets it, so that it outlives a loss of power too. */
  void set() {
    try {
      Files.write(file, new byte[0], StandardOpenOption.CREATE, StandardOpenOption.SYNC);
      try (var folder = FileChannel.open(file.resolveSibling("."), StandardOpenOption.READ)) {
        folder.force(true);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to write " + file, e);
    }
  }

  /** Removes it: the run has ended in order. */
  void remove() {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to delete " + file, e);
    }
  }
}
