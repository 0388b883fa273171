package io.tallyman.chaos.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.chaos.history.History;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckerTest {

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
  void shouldFindNothingWrongWithAGoodHistory(long seed) {
    // when
    var report = Checker.check(GoodHistory.of(seed));

    // then
    assertThat(report.violations()).isEmpty();
    assertThat(report.missing()).isEmpty();
    assertThat(report.verdict()).isEqualTo(Verdict.VALID);
  }

  @Test
  void shouldHoldAGoodHistoryAgainstEveryInvariant() {
    // when
    var report = Checker.check(GoodHistory.of(1));

    // then
    assertThat(report.invariants())
        .hasSize(26)
        .allSatisfy(one -> assertThat(one.judged()).as(one.sentence()).isPositive());
    assertThat(report.notApplicable()).containsOnlyKeys(Invariant.I24, Invariant.I28);
  }

  @Test
  void shouldCountWhatTheFaultsBroughtAbout() {
    // when
    var report = Checker.check(GoodHistory.of(1));

    // then
    assertThat(report.hits())
        .containsKeys("job-in-flight-at-fault", "http-503")
        .allSatisfy((hit, count) -> assertThat(count).as(hit).isPositive());
  }

  @Test
  void shouldTellTheCommandThatMakesTheRunAgain() {
    assertThat(Checker.check(GoodHistory.of(42)).repro())
        .isEqualTo("./tally chaos --seed 42 --profile made-up");
  }

  @Test
  void shouldCallARunVacuousWhoseFaultsMetNothing() {
    // given
    var good = GoodHistory.of(1);
    var calm =
        new History(
            good.run(),
            good.calls(),
            good.log().stream()
                .filter(record -> !record.topic().equals("job-rejections"))
                .filter(record -> !record.topic().equals("job-commands"))
                .toList(),
            List.of(),
            List.of(),
            List.of(),
            good.faults(),
            List.of());

    // when
    var coverage = Coverage.of(new Facts(calm));

    // then
    assertThat(coverage.missing())
        .anyMatch(missing -> missing.startsWith("fenced-attempt"))
        .anyMatch(missing -> missing.startsWith("webhook-open-when-a-dispatcher-died"))
        .noneMatch(missing -> missing.startsWith("lease-lost"));
  }

  @Test
  void shouldCallAnEmptyRunVacuous() {
    // given
    var empty =
        new History(
            GoodHistory.of(1).run(),
            List.of(),
            List.of(),
            List.of(),
            List.of(),
            List.of(),
            List.of(),
            List.of());

    // when
    var report = Checker.check(empty);

    // then
    assertThat(report.verdict()).isEqualTo(Verdict.VACUOUS);
    assertThat(report.missing()).hasSize(2);
    assertThat(report.hits()).containsAllEntriesOf(Map.of("lease-lost", 0L, "http-503", 0L));
  }
}
