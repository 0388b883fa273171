package io.tallyman.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.runtime.Variable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ConfigurationDocTest {

  private static final Path DOC = Path.of("..", "docs", "configuration.md");

  @Test
  void shouldDocumentEverySettingAsTheCodeHasIt() throws IOException {
    // given
    var rows =
        ServiceCommands.variables().stream()
            .sorted(Comparator.comparing(Variable::name))
            .map(ConfigurationDocTest::row)
            .collect(Collectors.joining("\n"));

    // when
    var doc = Files.readString(DOC);

    // then
    assertThat(doc)
        .as("docs/configuration.md must hold exactly these rows; paste them:%n%s", rows)
        .contains(rows);
    assertThat(doc.lines().filter(line -> line.startsWith("| `TALLY_")).count())
        .as("no row of docs/configuration.md may be left from a setting that is gone")
        .isEqualTo(ServiceCommands.variables().size());
  }

  private static String row(Variable<?> variable) {
    return "| `%s` | %s | %s |"
        .formatted(
            variable.name(),
            variable.fallback().isEmpty() ? "–" : "`" + variable.fallback() + "`",
            variable.description());
  }
}
