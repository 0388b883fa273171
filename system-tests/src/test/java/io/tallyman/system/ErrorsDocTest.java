package io.tallyman.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.api.views.Unavailable;
import io.tallyman.runner.attempt.FailureCode;
import io.tallyman.schemas.job.Rejection;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** {@code docs/errors.md} has every code there is, and none that there is not. */
class ErrorsDocTest {

  private static final Path ROOT = Path.of("..");
  private static final Pattern ROW = Pattern.compile("(?m)^\\| `([A-Za-z0-9_-]+)` \\|");

  /** A code in front of its sentence, such as {@code "ttl: the job …"}. */
  private static final Pattern SENTENCE = Pattern.compile("\"([a-z_]+): ");

  /** A problem's code behind its status, or behind the place it is about. */
  private static final Pattern PROBLEM =
      Pattern.compile("(?:\\(\\s*\\d{3}|\"\"|pointer),\\s*\"([a-z0-9]+(?:-[a-z0-9]+)*)\",");

  /** Codes that are put together when they are needed. */
  private static final List<String> COMPOSED =
      List.of("name-too-long", "number-too-long", "bad-request");

  private final String document = read(ROOT.resolve("docs/errors.md"));

  @Test
  void shouldExplainEveryRefusedCommand() {
    assertThat(rowsUnder("## Refused commands"))
        .isEqualTo(
            Arrays.stream(Rejection.Code.values())
                .map(Rejection.Code::name)
                .collect(Collectors.toCollection(TreeSet::new)));
  }

  @Test
  void shouldExplainEveryEndOfAJob() {
    var codes = new TreeSet<String>();
    Arrays.stream(FailureCode.values()).map(FailureCode::wireName).forEach(codes::add);
    for (var folder :
        List.of(
            "state-processor/src/main/java/io/tallyman/processor/domain",
            "worker-runner/src/main/java/io/tallyman/runner/attempt")) {
      found(SENTENCE, folder).forEach(codes::add);
    }

    assertThat(rowsUnder("## Ended and requeued jobs")).isEqualTo(codes);
  }

  @Test
  void shouldExplainEveryProblem() {
    var codes = new TreeSet<>(COMPOSED);
    found(PROBLEM, "api/src/main/java/io/tallyman/api/http").forEach(codes::add);
    Arrays.stream(Unavailable.Reason.values()).map(Unavailable.Reason::code).forEach(codes::add);

    assertThat(rowsUnder("## HTTP problems")).isEqualTo(codes);
  }

  private Set<String> rowsUnder(String heading) {
    var from = document.indexOf(heading);
    assertThat(from).as(heading).isPositive();
    var to = document.indexOf("\n## ", from);
    return ROW.matcher(document.substring(from, to < 0 ? document.length() : to))
        .results()
        .map(result -> result.group(1))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static Stream<String> found(Pattern pattern, String folder) {
    try (var files = Files.walk(ROOT.resolve(folder))) {
      return files
          .filter(file -> file.toString().endsWith(".java"))
          .flatMap(file -> pattern.matcher(read(file)).results())
          .map((MatchResult result) -> result.group(1))
          .toList()
          .stream();
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
