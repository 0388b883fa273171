package io.tallyman.system;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The product before this one: built from the commit that the resource {@code previous-version}
 * names, with that commit's own {@code ./tally}, into {@code target}, where the next run finds it.
 */
final class PreviousVersion {

  private static final Path ROOT = Path.of("").toAbsolutePath().getParent();

  private PreviousVersion() {}

  /**
   * The folder of its {@code ./tally}; aborts the test where there is no history to take it from.
   */
  static Path build() throws IOException, InterruptedException {
    var commit = commit();
    assumeTrue(
        Files.exists(ROOT.resolve(".git")) && run(ROOT, "git", "cat-file", "-e", commit) == 0,
        () -> "the history does not have commit " + commit + ": run git fetch --unshallow");
    var folder = Files.createDirectories(Path.of("target/previous-version").resolve(commit));
    if (!Files.exists(folder.resolve("tally"))) {
      var archive = folder.resolve("source.tar").toAbsolutePath().toString();
      must(ROOT, "git", "archive", "--output=" + archive, commit);
      must(folder, "tar", "-xf", archive);
    }
    // Builds on first use, and says nothing when it is built.
    must(folder, "./tally", "--version");
    return folder.toAbsolutePath();
  }

  private static String commit() throws IOException {
    try (var resource = PreviousVersion.class.getResourceAsStream("/previous-version")) {
      if (resource == null) {
        throw new IllegalStateException("Expected the resource previous-version, but it is absent");
      }
      return new String(resource.readAllBytes(), UTF_8).strip();
    }
  }

  private static void must(Path folder, String... command)
      throws IOException, InterruptedException {
    if (run(folder, command) != 0) {
      throw new AssertionError(
          "%s failed in %s:%n%s"
              .formatted(List.of(command), folder, Files.readString(output(folder))));
    }
  }

  private static int run(Path folder, String... command) throws IOException, InterruptedException {
    return new ProcessBuilder(command)
        .directory(folder.toFile())
        .redirectErrorStream(true)
        .redirectOutput(output(folder).toFile())
        .start()
        .waitFor();
  }

  private static Path output(Path folder) throws IOException {
    return Files.createDirectories(Path.of("target/previous-version").toAbsolutePath())
        .resolve((folder.equals(ROOT) ? "git" : "build") + ".log");
  }
}
