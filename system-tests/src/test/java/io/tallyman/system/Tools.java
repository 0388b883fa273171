package io.tallyman.system;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** Programs that a test needs and a machine may lack. */
final class Tools {

  private Tools() {}

  /** Skips the test, and says why, when the program is not on the PATH. */
  static void require(String program) {
    var isThere =
        Arrays.stream(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
            .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    assumeTrue(
        isThere, () -> "SKIPPED: " + program + " is not on the PATH; install it to run this");
  }
}
