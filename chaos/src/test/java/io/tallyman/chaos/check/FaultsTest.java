package io.tallyman.chaos.check;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.chaos.check.Faults.Part;
import io.tallyman.chaos.history.FaultMark;
import java.util.List;
import org.junit.jupiter.api.Test;

class FaultsTest {

  @Test
  void shouldBeginAWaitAnewAfterEachFaultOfItsParts() {
    // given
    var faults =
        Faults.of(
            List.of(
                mark(10, "kill", "broker-1", true),
                mark(20, "kill", "broker-1", false),
                mark(45, "freeze", "state-processor-1", true),
                mark(50, "freeze", "state-processor-1", false),
                mark(12, "kill", "redis", true)),
            seconds(500));

    // then
    assertThat(faults.limit(seconds(5), seconds(2), Part.BROKER)).isEqualTo(seconds(7));
    assertThat(faults.limit(seconds(9), seconds(2), Part.BROKER)).isEqualTo(seconds(42));
    assertThat(faults.limit(seconds(39), seconds(2), Part.BROKER)).isEqualTo(seconds(42));
    assertThat(faults.limit(seconds(41), seconds(2), Part.BROKER)).isEqualTo(seconds(43));
    assertThat(faults.limit(seconds(9), seconds(4), Part.BROKER, Part.PROCESSOR))
        .isEqualTo(seconds(44));
    assertThat(faults.limit(seconds(9), seconds(6), Part.BROKER, Part.PROCESSOR))
        .isEqualTo(seconds(76));
    assertThat(faults.limit(seconds(9), seconds(2), Part.REDIS)).isEqualTo(seconds(11));
  }

  @Test
  void shouldTakeWhatWasNeverOverForOverAtTheEnd() {
    // given
    var faults = Faults.of(List.of(mark(10, "kill", "redis", true)), seconds(500));

    // then
    assertThat(faults.windows())
        .singleElement()
        .satisfies(window -> assertThat(window.end()).isEqualTo(seconds(500)));
  }

  @Test
  void shouldTellInstancesApartByTheirNumber() {
    // given
    var window = new Faults.Window("freeze", "worker-runner-10", 0, 1, "");

    // then
    assertThat(window.isOnInstance("worker-runner-1")).isFalse();
    assertThat(window.isOnInstance("worker-runner-10")).isTrue();
    assertThat(window.isOnInstance("runner-10")).isTrue();
    assertThat(window.isOnInstance("")).isFalse();
    assertThat(window.isOn(Part.RUNNER)).isTrue();
    assertThat(window.isOn(Part.BROKER)).isFalse();
  }

  private static FaultMark mark(long at, String fault, String target, boolean isStart) {
    return new FaultMark(seconds(at), fault, target, isStart, "");
  }

  private static long seconds(long seconds) {
    return SECONDS.toMicros(seconds);
  }
}
