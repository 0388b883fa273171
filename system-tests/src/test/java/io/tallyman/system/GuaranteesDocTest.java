package io.tallyman.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The tests that {@code docs/guarantees.md} and the ADRs name as evidence are there. */
class GuaranteesDocTest {

  private static final Path ROOT = Path.of("..");

  /** {@code `ApiIT`} or {@code `ApiIT.shouldDoSomething`}. */
  private static final Pattern EVIDENCE =
      Pattern.compile("`([A-Z]\\w*(?:Test|IT|Properties|Contract))(?:\\.(\\w+))?`");

  private static final Pattern ROW = Pattern.compile("(?m)^\\| \\d+ \\|.*$");

  /** Every test class by its simple name. */
  private final Map<String, String> sources = testSources();

  @Test
  void shouldNameOnlyTestsThatAreThere() {
    var missing = new TreeSet<String>();
    for (var document : documents()) {
      for (var evidence : EVIDENCE.matcher(read(document)).results().toList()) {
        if (!exists(evidence.group(1), evidence.group(2))) {
          missing.add(document.getFileName() + ": " + evidence.group());
        }
      }
    }

    assertThat(missing).as("tests that are named, and are not in the source tree").isEmpty();
  }

  @Test
  void shouldHaveATestForEachPromise() {
    var rows = ROW.matcher(read(ROOT.resolve("docs/guarantees.md"))).results().toList();

    assertThat(rows)
        .isNotEmpty()
        .allSatisfy(row -> assertThat(row.group()).containsPattern(EVIDENCE));
  }

  private boolean exists(String type, String method) {
    var source = sources.get(type);
    return source != null && (method == null || source.contains(" void " + method + "("));
  }

  private static List<Path> documents() {
    return Stream.concat(
            Stream.of(ROOT.resolve("docs/guarantees.md")),
            files(ROOT.resolve("docs/adr"), file -> file.toString().endsWith(".md")).stream())
        .toList();
  }

  private static Map<String, String> testSources() {
    var byName = new TreeMap<String, String>();
    for (var module : files(ROOT, 1, file -> Files.isDirectory(file.resolve("src/test/java")))) {
      for (var file :
          files(module.resolve("src/test/java"), file -> file.toString().endsWith(".java"))) {
        byName.put(file.getFileName().toString().replace(".java", ""), read(file));
      }
    }
    return byName;
  }

  private static List<Path> files(Path folder, Predicate<Path> which) {
    return files(folder, Integer.MAX_VALUE, which);
  }

  private static List<Path> files(Path folder, int depth, Predicate<Path> which) {
    try (var all = Files.walk(folder, depth)) {
      return all.filter(which).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
