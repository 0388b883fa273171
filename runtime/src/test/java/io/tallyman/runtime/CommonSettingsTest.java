package io.tallyman.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tallyman.schemas.job.EndpointName;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CommonSettingsTest {

  @Test
  void shouldWorkOnOneMachineWhenNothingIsSet() {
    var settings = CommonSettings.from(Map.of());

    assertThat(settings.kafka()).isEqualTo("localhost:9092");
    assertThat(settings.redis()).isEqualTo("redis://localhost:6379");
    assertThat(settings.endpoints().names()).containsExactly(EndpointName.DEFAULT);
    assertThat(settings.dataDir()).isEqualTo(Path.of("/var/lib/tallyman"));
  }

  @Test
  void shouldNameTheFileWhenTheEndpointsCannotBeRead() {
    assertThatThrownBy(() -> CommonSettings.from(Map.of("TALLY_ENDPOINTS_FILE", "/no/such.yaml")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("/no/such.yaml");
  }

  @Test
  void shouldNameEachVariableWithItsPrefix() {
    assertThat(CommonSettings.ALL)
        .extracting(Variable::name)
        .doesNotHaveDuplicates()
        .allMatch(name -> name.matches("TALLY_[A-Z]+(_[A-Z]+)*"));
  }
}
