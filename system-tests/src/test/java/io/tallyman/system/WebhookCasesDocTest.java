package io.tallyman.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** {@code docs/reliability/webhook-cases.md} has all 69 cases, and names tests that are there. */
class WebhookCasesDocTest {

  private static final Path ROOT = Path.of("..");
  private static final Path DOCUMENT = ROOT.resolve("docs/reliability/webhook-cases.md");

  private static final Pattern ROW =
      Pattern.compile("(?m)^\\| (\\d+[a-c]?) \\| (green|part|open|n/a) \\| [^|]+ \\| ([^|]+) \\|$");

  /** {@code `SignerTest`} or {@code `SignerTest.shouldDoSomething`}. */
  private static final Pattern EVIDENCE = Pattern.compile("`([A-Z]\\w*(?:Test|IT))(?:\\.(\\w+))?`");

  private static final Pattern SUM =
      Pattern.compile("(\\d+) green, (\\d+) in part, (\\d+) open, (\\d+) not applicable");

  private final List<Case> cases =
      ROW.matcher(read(DOCUMENT))
          .results()
          .map(row -> new Case(row.group(1), row.group(2), row.group(3)))
          .toList();

  private record Case(String number, String state, String evidence) {}

  @Test
  void shouldHaveEveryNumber() {
    assertThat(cases)
        .extracting(Case::number)
        .containsExactlyElementsOf(
            IntStream.rangeClosed(1, 66)
                .boxed()
                .flatMap(
                    it ->
                        it == 47 ? Stream.of("47", "47a", "47b", "47c") : Stream.of(it.toString()))
                .toList());
    assertThat(cases).hasSize(69);
  }

  @Test
  void shouldNameTestsThatAreThereForWhatIsShown() {
    var sources = testSources();

    assertThat(cases)
        .filteredOn(it -> it.state().equals("green") || it.state().equals("part"))
        .allSatisfy(
            it ->
                assertThat(EVIDENCE.matcher(it.evidence()).results().toList())
                    .as(it.number())
                    .isNotEmpty()
                    .allSatisfy(
                        test ->
                            assertThat(sources.getOrDefault(test.group(1), ""))
                                .as(test.group())
                                .contains(
                                    test.group(2) == null
                                        ? "class " + test.group(1)
                                        : " void " + test.group(2) + "(")));
  }

  @Test
  void shouldCountThem() {
    var sum = SUM.matcher(read(DOCUMENT)).results().findFirst().orElseThrow();

    assertThat(List.of(sum.group(1), sum.group(2), sum.group(3), sum.group(4)))
        .isEqualTo(
            Stream.of("green", "part", "open", "n/a")
                .map(state -> cases.stream().filter(it -> it.state().equals(state)).count())
                .map(String::valueOf)
                .toList());
  }

  private static Map<String, String> testSources() {
    var byName = new TreeMap<String, String>();
    try (var all = Files.walk(ROOT)) {
      all.filter(file -> file.toString().matches(".*/src/test/java/.*\\.java"))
          .forEach(
              file ->
                  // Two modules may have a class of one name.
                  byName.merge(
                      file.getFileName().toString().replace(".java", ""),
                      read(file),
                      String::concat));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return byName;
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
