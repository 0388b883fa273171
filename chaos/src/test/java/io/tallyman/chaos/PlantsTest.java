package io.tallyman.chaos;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The bugs in {@code chaos/plants}, which {@code find.sh} plants, fit the code as it is now. */
class PlantsTest {

  private static final Path FOLDER = Path.of("plants").toAbsolutePath();

  @ParameterizedTest
  @MethodSource("patches")
  void shouldFitTheCode(Path patch) throws Exception {
    var git =
        new ProcessBuilder(List.of("git", "apply", "--check", patch.toString()))
            .directory(Path.of("..").toFile())
            .redirectErrorStream(true)
            .start();
    var said = new String(git.getInputStream().readAllBytes(), UTF_8);

    assertThat(git.waitFor()).as(said).isZero();
  }

  @Test
  void shouldBeFive() throws IOException {
    assertThat(patches()).hasSize(5);
  }

  static List<Path> patches() throws IOException {
    try (Stream<Path> files = Files.list(FOLDER)) {
      return files.filter(file -> file.toString().endsWith(".patch")).sorted().toList();
    }
  }
}
