package io.tallyman.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Path;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.utils.Time;
import org.junit.jupiter.api.Test;

/** Kafka's clients measure time by our clock; a new version of theirs may not know it any more. */
class SystemTimeTest {

  @Test
  void shouldBeTheClockOfKafkasClients() {
    assertThat(
            Path.of(
                Time.SYSTEM
                    .getClass()
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .getPath()))
        .as("where the class of Time.SYSTEM comes from")
        .endsWith(Path.of("cli", "target", "classes"));
  }

  @Test
  void shouldBeginAtTheWallClockAndFollowTheMonotonicOne() {
    var wall = System.currentTimeMillis();
    assertThat(Time.SYSTEM.milliseconds()).isBetween(wall - 5_000, wall + 5_000);

    var before = Time.SYSTEM.milliseconds();
    Time.SYSTEM.sleep(20);
    assertThat(Time.SYSTEM.milliseconds()).isBetween(before + 20, before + 10_000);
  }

  @Test
  void shouldWaitForAConditionUntilItsDeadline() throws InterruptedException {
    Time.SYSTEM.waitObject(this, () -> true, 0);

    var deadline = Time.SYSTEM.milliseconds() + 30;
    assertThatExceptionOfType(TimeoutException.class)
        .isThrownBy(() -> Time.SYSTEM.waitObject(this, () -> false, deadline));
    assertThat(Time.SYSTEM.milliseconds()).isGreaterThanOrEqualTo(deadline);
  }
}
