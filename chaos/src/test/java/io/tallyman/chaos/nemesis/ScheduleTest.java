package io.tallyman.chaos.nemesis;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.chaos.cluster.Names;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ScheduleTest {

  private static final int SEEDS = 300;

  @ParameterizedTest
  @EnumSource
  void shouldBeTheSameForTheSameSeedAndAnotherForAnother(Profile profile) {
    assertThat(schedule(7, profile)).isEqualTo(schedule(7, profile));
    assertThat(schedule(7, profile)).isNotEqualTo(schedule(8, profile));
  }

  @ParameterizedTest
  @EnumSource
  void shouldEndBeforeEverythingIsHealed(Profile profile) {
    assertThat(all(profile))
        .isNotEmpty()
        .allSatisfy(step -> assertThat(step.end()).isLessThanOrEqualTo(profile.faults()));
  }

  @Test
  void shouldHaveEveryKindInEverySmokeRun() {
    for (var seed = 0L; seed < SEEDS; seed++) {
      assertThat(schedule(seed, Profile.SMOKE))
          .as("seed %d", seed)
          .hasSize(27)
          .extracting(Step::kind)
          .containsAll(EnumSet.allOf(FaultKind.class));
    }
  }

  @Test
  void shouldHaveEveryKindAndEveryTargetOverTheSeedsOfAFullRun() {
    // when
    var steps =
        LongStream.rangeClosed(1, 20)
            .mapToObj(seed -> schedule(seed, Profile.FULL))
            .flatMap(List::stream)
            .toList();

    // then
    assertThat(steps).extracting(Step::kind).containsAll(EnumSet.allOf(FaultKind.class));
    assertThat(steps.stream().filter(step -> step.kind() == FaultKind.KILL))
        .flatExtracting(Step::targets)
        .containsAll(Names.SERVICES)
        .contains(Names.REDIS);
  }

  @ParameterizedTest
  @EnumSource
  void shouldLeaveOneOfEachKindOfServiceAlone(Profile profile) {
    for (var seed = 0L; seed < SEEDS; seed++) {
      var schedule = schedule(seed, profile);
      for (var step : schedule) {
        var underWay =
            schedule.stream()
                .filter(other -> !other.equals(step) && other.at().compareTo(step.at()) <= 0)
                .filter(other -> other.end().plus(Menu.quietAfter(other)).compareTo(step.at()) > 0)
                .toList();
        var kinds = step.targets().stream().map(Names::kind).toList();
        assertThat(underWay)
            .as("seed %d, %s", seed, step)
            .noneMatch(other -> Menu.exclude(step, other))
            .flatExtracting(Step::targets)
            .noneMatch(target -> kinds.contains(Names.kind(target)));
      }
    }
  }

  @Test
  void shouldNotPlanWhatTheMachineCannotDo() {
    // when
    var schedule = Schedule.of(1, Profile.FULL, Set.of(FaultKind.DISK_FULL, FaultKind.CLOCK_JUMP));

    // then
    assertThat(schedule)
        .isNotEmpty()
        .extracting(Step::kind)
        .doesNotContain(FaultKind.DISK_FULL, FaultKind.CLOCK_JUMP);
  }

  private static Stream<Step> all(Profile profile) {
    return LongStream.range(0, SEEDS)
        .mapToObj(seed -> schedule(seed, profile))
        .flatMap(List::stream);
  }

  private static List<Step> schedule(long seed, Profile profile) {
    return Schedule.of(seed, profile, Set.of());
  }

  @Test
  void shouldNameKindsInKebabCase() {
    assertThat(Arrays.stream(FaultKind.values()).map(FaultKind::label))
        .contains("kill", "partition-one-way")
        .allMatch(label -> label.matches("[a-z-]+"));
  }
}
