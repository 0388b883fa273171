package io.tallyman.chaos.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A disk of a fixed size that can be full: a tmpfs, which takes root to mount. */
public final class Disk implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Disk.class);
  private static final int MEGABYTES = 512;
  private static final int BLOCK = 1 << 20;

  private final Path folder;

  private Disk(Path folder) {
    this.folder = folder;
  }

  /** Whether this process may mount one: on Linux, as root. */
  public static boolean isPossible() {
    return "root".equals(System.getProperty("user.name"))
        && Files.isExecutable(Path.of("/bin/mount"));
  }

  /**
   * Mounts one over a folder, which is made when there is none.
   *
   * @throws UncheckedIOException when the system refuses
   */
  static Disk mount(Path folder) {
    try {
      Files.createDirectories(folder);
      run("mount", "-t", "tmpfs", "-o", "size=" + MEGABYTES + "m", "tmpfs", folder.toString());
      return new Disk(folder);
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to mount a tmpfs over " + folder, e);
    }
  }

  /** Takes all the space that is left. */
  public void fill() {
    try (var file =
        FileChannel.open(filler(), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      for (var block = BLOCK; block > 0; block /= 2) {
        write(file, block);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to fill " + folder, e);
    }
  }

  /** Gives it back. */
  public void free() {
    try {
      Files.deleteIfExists(filler());
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to delete " + filler(), e);
    }
  }

  /** Unmounts it; its content is gone. */
  @Override
  public void close() {
    try {
      run("umount", folder.toString());
    } catch (IOException e) {
      LOG.warn("{} stays mounted: {}", folder, e.toString());
    }
  }

  /** Blocks of that size until there is no room for one. */
  private static void write(FileChannel file, int block) throws IOException {
    try {
      for (; ; ) {
        file.write(ByteBuffer.allocate(block));
      }
    } catch (IOException e) {
      if (!String.valueOf(e.getMessage()).contains("No space left")) {
        throw e;
      }
    }
  }

  private Path filler() {
    return folder.resolve("filler");
  }

  private static void run(String... command) throws IOException {
    var process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try {
      var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor() != 0) {
        throw new IOException(String.join(" ", command) + ": " + output.strip());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("Told to stop", e);
    }
  }
}
