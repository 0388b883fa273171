package io.tallyman.chaos.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The wall clock of one process, which libfaketime reads from a file about once a second. Its
 * monotonic clock stays true.
 */
public final class Clock {

  private static final String TRUE_TIME = "+0";

  private static final List<Path> LIBRARIES =
      List.of(
          Path.of("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"),
          Path.of("/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1"),
          Path.of("/usr/lib/faketime/libfaketimeMT.so.1"));

  private final Path file;

  /** A true one, for now. */
  Clock(Path file) {
    this.file = file;
    set(TRUE_TIME);
  }

  /** The library, where Debian's package {@code libfaketime} is installed. */
  public static Optional<Path> library() {
    return LIBRARIES.stream().filter(Files::exists).findFirst();
  }

  /** Variables that a process needs to be started with. */
  Map<String, String> environment(Path library) {
    return Map.of(
        "LD_PRELOAD",
        library.toString(),
        "FAKETIME_TIMESTAMP_FILE",
        file.toString(),
        "DONT_FAKE_MONOTONIC",
        "1",
        // Its repair of timed waits for old C libraries ends a JVM's waits at once: all threads
        // spin.
        "FAKETIME_FORCE_MONOTONIC_FIX",
        "0",
        "FAKETIME_CACHE_DURATION",
        "1");
  }

  /**
   * Jumps.
   *
   * @param offset from the true time, such as {@code +2h} or {@code -1h}
   */
  public void jump(String offset) {
    set(offset);
  }

  /** Jumps back to the true time. */
  public void heal() {
    set(TRUE_TIME);
  }

  /** At once: a process that read half a file would die of it. */
  private void set(String offset) {
    var next = file.resolveSibling(file.getFileName() + ".next");
    try {
      Files.writeString(next, offset + "\n");
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to write " + file, e);
    }
  }
}
