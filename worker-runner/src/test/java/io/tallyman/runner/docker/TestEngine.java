package io.tallyman.runner.docker;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.exception.NotFoundException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.Assumptions;

/**
 * The Docker engine that tests run on. Without one they are skipped, loudly; with {@code
 * TALLY_TEST_REQUIRE_DOCKER=true} they fail.
 */
final class TestEngine {

  static final String HOST =
      Optional.ofNullable(System.getenv("TALLY_DOCKER_HOST")).orElse("unix:///var/run/docker.sock");

  private static final String IMAGE = "busybox:latest";
  private static final Path STATIC_BUSYBOX = Path.of("/bin/busybox");

  private TestEngine() {}

  /** An engine that has {@code busybox:latest}. */
  static DockerEngine require() {
    var engine = new DockerEngine(HOST, 8);
    var health = engine.health();
    if (!health.isReady()) {
      engine.close();
      if (Boolean.parseBoolean(System.getenv("TALLY_TEST_REQUIRE_DOCKER"))) {
        throw new AssertionError(
            "TALLY_TEST_REQUIRE_DOCKER=true, but there is no engine: " + health.detail());
      }
      Assumptions.abort("SKIPPED, NOT TESTED: no Docker engine: " + health.detail());
    }
    try {
      engine.calls().inspectImageCmd(IMAGE).exec();
    } catch (NotFoundException e) {
      importBusybox(engine.calls());
    }
    return engine;
  }

  /** Debian's package {@code busybox-static} as an image, for machines without a registry. */
  private static void importBusybox(DockerClient client) {
    var bytes = new ByteArrayOutputStream();
    try (var tar = new TarArchiveOutputStream(bytes)) {
      var binary = Files.readAllBytes(STATIC_BUSYBOX.toRealPath());
      var file = new TarArchiveEntry("bin/busybox");
      file.setMode(0100_755);
      file.setSize(binary.length);
      tar.putArchiveEntry(file);
      tar.write(binary);
      tar.closeArchiveEntry();
      for (var applet : applets()) {
        var link = new TarArchiveEntry("bin/" + applet, TarArchiveEntry.LF_SYMLINK);
        link.setLinkName("busybox");
        tar.putArchiveEntry(link);
        tar.closeArchiveEntry();
      }
    } catch (IOException e) {
      throw new AssertionError("Expected /bin/busybox of the package busybox-static", e);
    }
    client.createImageCmd("busybox", new ByteArrayInputStream(bytes.toByteArray())).exec();
  }

  private static Iterable<String> applets() throws IOException {
    var list = new ProcessBuilder(STATIC_BUSYBOX.toString(), "--list").start();
    try (var lines = list.inputReader()) {
      // It lists itself too; a link of that name would replace the binary.
      return lines.lines().filter(applet -> !applet.equals("busybox")).toList();
    }
  }
}
