package io.tallyman.system;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** Programs that a test needs and a machine may lack. */
final class Tools {

  private Tools() {}

  /** The library that sets a process's clock, for {@code LD_PRELOAD}; skips without it. */
  static Path fakeTime() {
    try (var folders = Files.list(Path.of("/usr/lib"))) {
      var library =
          folders
              .map(folder -> folder.resolve("faketime/libfaketimeMT.so.1"))
              .filter(Files::exists)
              .findFirst();
      assumeTrue(
          library.isPresent(),
          "SKIPPED: there is no libfaketime; install Debian's package faketime to run this");
      return library.orElseThrow();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Skips the test, and says why, when the program is not on the PATH. */
  static void require(String program) {
    var isThere =
        Arrays.stream(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
            .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    assumeTrue(
        isThere, () -> "SKIPPED: " + program + " is not on the PATH; install it to run this");
  }
}
