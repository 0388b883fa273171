package io.tallyman.runner.docker;

import io.tallyman.runner.files.JobFolder;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/** The job's folder as the tar archives that the engine's API takes and gives. */
final class FolderArchive {

  private static final int FOLDER_MODE = 040_700;
  private static final int FILE_MODE = 0100_600;

  private FolderArchive() {}

  /**
   * Writes a folder, owned by the container's user. Its first entry is the folder itself: a new
   * volume belongs to root, and only an entry of the name {@code /} changes that, where the engine
   * skips one of the name {@code .}
   */
  static void write(JobFolder folder, OutputStream to) throws IOException {
    List<Path> paths;
    try (var walk = Files.walk(folder.path())) {
      paths = walk.filter(path -> !path.equals(folder.path())).sorted().toList();
    }
    try (var tar = new TarArchiveOutputStream(new BufferedOutputStream(to))) {
      tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
      tar.setAddPaxHeadersForNonAsciiNames(true);
      put(tar, new TarArchiveEntry("/", true), FOLDER_MODE);
      tar.closeArchiveEntry();
      for (var path : paths) {
        var name = folder.path().relativize(path).toString();
        if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
          put(tar, new TarArchiveEntry(name + "/"), FOLDER_MODE);
        } else {
          var entry = new TarArchiveEntry(name);
          entry.setSize(Files.size(path));
          put(tar, entry, FILE_MODE);
          Files.copy(path, tar);
        }
        tar.closeArchiveEntry();
      }
    }
  }

  /**
   * Takes the one file of an archive.
   *
   * @param most bytes that are written; one more shows that there was more
   */
  static void readFile(InputStream archive, Path target, long most) throws IOException {
    try (var tar = new TarArchiveInputStream(archive)) {
      var entry = tar.getNextEntry();
      Files.deleteIfExists(target);
      if (entry == null || !entry.isFile() || entry.isSymbolicLink() || entry.isLink()) {
        // Seen as what it is: something, but no file.
        Files.createDirectory(target);
        return;
      }
      if (target.getParent() != null) {
        Files.createDirectories(target.getParent());
      }
      try (var file = Files.newOutputStream(target)) {
        copy(tar, file, most + 1);
      }
    }
  }

  private static void copy(InputStream from, OutputStream to, long most) throws IOException {
    var buffer = new byte[64 * 1024];
    var left = most;
    while (left > 0) {
      var read = from.read(buffer, 0, (int) Math.min(buffer.length, left));
      if (read < 0) {
        return;
      }
      to.write(buffer, 0, read);
      left -= read;
    }
  }

  private static void put(TarArchiveOutputStream tar, TarArchiveEntry entry, int mode)
      throws IOException {
    entry.setMode(mode);
    entry.setIds(Sandbox.UID, Sandbox.UID);
    tar.putArchiveEntry(entry);
  }
}
