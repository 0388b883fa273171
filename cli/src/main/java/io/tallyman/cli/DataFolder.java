package io.tallyman.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import io.tallyman.schemas.job.RunnerId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/**
 * The folder of all data of everything-in-one-process, and nobody else's until it is closed. The
 * file {@value #MARKER} in it says whose it is, carries the lock, which the system takes back from
 * a killed process, and keeps the runner's name.
 */
final class DataFolder implements AutoCloseable {

  private static final String MARKER = ".tallyman";

  /** A runner's name has at most 64 characters; a longer file was not written here. */
  private static final int MOST_BYTES = 64;

  private final Path path;
  private final FileChannel marker;
  private final RunnerId runner;

  private DataFolder(Path path, FileChannel marker, RunnerId runner) {
    this.path = path;
    this.marker = marker;
    this.runner = runner;
  }

  /**
   * Takes a folder, which is made when there is none.
   *
   * @throws IllegalArgumentException when another process has it, or when it holds what is not ours
   */
  static DataFolder open(Path folder) {
    try {
      var path = Files.createDirectories(folder).toRealPath();
      if (!Files.exists(path.resolve(MARKER)) && !isEmpty(path)) {
        throw new IllegalArgumentException(
            "%s holds files that are not Tallyman's: it is neither empty nor does it have a file %s."
                    .formatted(path, MARKER)
                + " Nothing in it was touched. Choose another folder with --data-dir");
      }
      return lock(path, FileChannel.open(path.resolve(MARKER), CREATE, READ, WRITE));
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to take the data folder " + folder, e);
    }
  }

  /** A folder of its own for a run that keeps nothing. */
  static DataFolder temporary(String prefix) {
    try {
      return open(Files.createTempDirectory(prefix));
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to make a temporary folder", e);
    }
  }

  /** Where it is: absolute, without links. */
  Path path() {
    return path;
  }

  /**
   * The runner of this folder: the same after a restart, so that it finds what it left in the
   * engine; another in another folder, so that it leaves the others' alone.
   */
  RunnerId runner() {
    return runner;
  }

  /** Removes all that is in it but the marker: it stays locked. */
  void clear() {
    try (var entries = Files.list(path)) {
      entries
          .filter(entry -> !entry.getFileName().toString().equals(MARKER))
          .forEach(Folders::delete);
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to empty the folder " + path, e);
    }
  }

  /** Removes it with all that is in it. */
  void delete() {
    Folders.delete(path);
  }

  @Override
  public void close() {
    try {
      marker.close();
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to give the data folder %s back".formatted(path), e);
    }
  }

  private static DataFolder lock(Path path, FileChannel marker) throws IOException {
    var isOurs = false;
    try {
      isOurs = marker.tryLock() != null;
      if (isOurs) {
        return new DataFolder(path, marker, runner(marker));
      }
    } catch (OverlappingFileLockException _) {
      // This very process has it: told like any other.
    } finally {
      if (!isOurs) {
        marker.close();
      }
    }
    throw new IllegalArgumentException(
        "the data folder %s is in use by another Tallyman, which goes on. Stop that one, or choose"
                .formatted(path)
            + " another folder with --data-dir");
  }

  /**
   * Reads the name through the channel that has the lock: to close another one gives the lock back.
   */
  private static RunnerId runner(FileChannel marker) throws IOException {
    var buffer = ByteBuffer.allocate(MOST_BYTES);
    var count = 0;
    while (count >= 0 && buffer.hasRemaining()) {
      count = marker.read(buffer);
    }
    var text = new String(buffer.array(), 0, buffer.position(), UTF_8).strip();
    try {
      return new RunnerId(text);
    } catch (IllegalArgumentException _) {
      // New, or cut short by a kill.
      var made = new RunnerId("local-" + UUID.randomUUID().toString().substring(0, 8));
      marker.truncate(0);
      marker.write(ByteBuffer.wrap((made.value() + "\n").getBytes(UTF_8)), 0);
      return made;
    }
  }

  private static boolean isEmpty(Path path) throws IOException {
    try (var entries = Files.list(path)) {
      return entries.findAny().isEmpty();
    }
  }
}
