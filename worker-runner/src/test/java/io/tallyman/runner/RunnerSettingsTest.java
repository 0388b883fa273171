package io.tallyman.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tallyman.schemas.job.RunnerId;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RunnerSettingsTest {

  @Test
  void shouldBeNamedAfterTheHostAndRunContainersWhenNothingIsSet() {
    var settings = RunnerSettings.from(Map.of(), "host-7.example");

    assertThat(settings.id()).isEqualTo(new RunnerId("host-7.example"));
    assertThat(settings.slots()).isEqualTo(4);
    assertThat(settings.batch()).isEqualTo(1);
    assertThat(settings.runtime()).isEqualTo(RuntimeChoice.DOCKER);
    assertThat(settings.dockerHost()).isEqualTo("unix:///var/run/docker.sock");
    assertThat(settings.drain()).isEqualTo(Duration.ofSeconds(10));
  }

  @ParameterizedTest
  @CsvSource({
    "TALLY_RUNNER_ID,a b,runner id",
    "TALLY_RUNNER_SLOTS,0,from 1 to",
    "TALLY_RUNNER_DRAIN,PT-1S,0s or more",
    "TALLY_RUNNER_BATCH,5,at most as many as TALLY_RUNNER_SLOTS=4",
    "TALLY_RUNNER_RUNTIME,podman,'auto, docker or process'"
  })
  void shouldNameTheSettingThatIsWrong(String name, String value, String why) {
    assertThatThrownBy(() -> RunnerSettings.from(Map.of(name, value), "host"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(name)
        .hasMessageContaining(value)
        .hasMessageContaining(why);
  }

  @Test
  void shouldRunProcessesAndSayWhyWhenThereIsNoEngine() {
    var resolved = RuntimeChoice.AUTO.resolve("unix:///no/such.sock", List.of());

    assertThat(resolved.choice()).isEqualTo(RuntimeChoice.PROCESS);
    assertThat(resolved.why())
        .startsWith("runtime process")
        .contains("no Docker engine listens at unix:///no/such.sock")
        .doesNotContain("\n");
  }
}
