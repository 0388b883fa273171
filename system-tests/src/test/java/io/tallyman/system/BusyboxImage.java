package io.tallyman.system;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.exception.NotFoundException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/**
 * The image {@code busybox:latest} of the endpoint {@code default}. Where the engine has none it is
 * made, without any registry, out of Debian's package {@code busybox-static}.
 */
final class BusyboxImage {

  private static final Path PROGRAM = Path.of("/bin/busybox");
  private static final int EXECUTABLE = 0100_755;

  private BusyboxImage() {}

  /** Makes sure that the engine has it. */
  static void require(DockerClient engine) throws IOException {
    try {
      engine.inspectImageCmd("busybox:latest").exec();
    } catch (NotFoundException _) {
      engine.createImageCmd("busybox", new ByteArrayInputStream(archive())).exec();
    }
  }

  private static byte[] archive() throws IOException {
    var bytes = new ByteArrayOutputStream();
    try (var tar = new TarArchiveOutputStream(bytes)) {
      var program = Files.readAllBytes(PROGRAM.toRealPath());
      var file = new TarArchiveEntry("bin/busybox");
      file.setMode(EXECUTABLE);
      file.setSize(program.length);
      tar.putArchiveEntry(file);
      tar.write(program);
      tar.closeArchiveEntry();
      for (var command : commands()) {
        var link = new TarArchiveEntry("bin/" + command, TarArchiveEntry.LF_SYMLINK);
        link.setLinkName("busybox");
        tar.putArchiveEntry(link);
        tar.closeArchiveEntry();
      }
    }
    return bytes.toByteArray();
  }

  private static List<String> commands() throws IOException {
    var list = new ProcessBuilder(PROGRAM.toString(), "--list").start();
    try (var lines = list.inputReader()) {
      // It lists itself too; a link of that name would replace the program.
      return lines.lines().filter(command -> !command.equals("busybox")).toList();
    }
  }
}
