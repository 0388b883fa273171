package io.tallyman.chaos.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.chaos.check.TransitionTable.Row;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class TransitionTableTest {

  private static final Path DOCUMENT = Path.of("../docs/job-lifecycle.md");

  @Test
  void shouldBeTheTableOfTheDocumentation() throws IOException {
    // given
    var rows =
        Files.readAllLines(DOCUMENT).stream()
            .filter(line -> line.startsWith("|"))
            .map(line -> Arrays.stream(line.split("\\|")).map(String::strip).toList())
            .filter(cells -> cells.size() == 5)
            .dropWhile(cells -> !cells.contains("State after"))
            .skip(2)
            .map(cells -> new Row(cells.get(1), cells.get(2), cells.get(3), cells.get(4)))
            .toList();

    // then
    assertThat(rows).hasSizeGreaterThan(100);
    assertThat(TransitionTable.PUBLISHED.rows()).isEqualTo(rows);
  }

  @Test
  void shouldLetNothingFollowACompletedJob() {
    for (var event : List.of("JobQueued", "JobStarted", "JobRequeued", "JobFailed")) {
      assertThat(TransitionTable.PUBLISHED.allows("COMPLETED", event)).as(event).isFalse();
    }
    assertThat(TransitionTable.PUBLISHED.allows("FAILED", "JobRequeued")).isTrue();
  }
}
