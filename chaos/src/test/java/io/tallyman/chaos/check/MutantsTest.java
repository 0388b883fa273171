package io.tallyman.chaos.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.chaos.history.History;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The tester tested: whatever is done to a good history, the right invariant says so. */
class MutantsTest {

  private static final History GOOD = GoodHistory.of(7);

  private static int caught;

  static List<Mutant> mutants() {
    return Stream.concat(LogMutants.ALL.stream(), WorldMutants.ALL.stream()).toList();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("mutants")
  void shouldBeCaughtByItsInvariant(Mutant mutant) {
    // when
    var report = Checker.check(mutant.of(GOOD));

    // then
    assertThat(report.verdict()).isEqualTo(Verdict.VIOLATED);
    assertThat(report.violations()).extracting(Violation::invariant).contains(mutant.caughtBy());
    assertThat(report.violations())
        .allSatisfy(
            violation -> {
              assertThat(violation.evidence()).hasSizeLessThanOrEqualTo(5);
              assertThat(violation.explanation()).startsWith("Expected ");
            });
    caught++;
  }

  @Test
  void shouldHaveOneForEveryInvariantThatIsJudged() {
    assertThat(mutants().stream().map(Mutant::caughtBy).collect(Collectors.toSet()))
        .containsExactlyInAnyOrderElementsOf(
            Arrays.stream(Invariant.values())
                .filter(invariant -> invariant.reasonNotApplicable() == null)
                .toList());
  }

  @AfterAll
  static void tell() {
    System.out.printf("checker: %d of %d mutants caught by name%n", caught, mutants().size());
  }
}
