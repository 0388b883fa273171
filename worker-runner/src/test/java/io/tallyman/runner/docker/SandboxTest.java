package io.tallyman.runner.docker;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.dockerjava.api.model.Capability;
import io.tallyman.runtime.endpoints.Endpoint.Limits;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every container that can come of an endpoint, whatever its limits. */
class SandboxTest {

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void shouldNeverLoosenTheSandbox(boolean network) {
    var host = Sandbox.hostConfig(new Limits(1 << 20, 0.5, 10, 4_096, 1, 1, network));

    assertThat(host.getCapDrop()).containsExactly(Capability.ALL);
    assertThat(host.getCapAdd()).isNullOrEmpty();
    assertThat(host.getSecurityOpts()).containsExactly("no-new-privileges");
    assertThat(host.getReadonlyRootfs()).isTrue();
    assertThat(host.getPrivileged()).isFalse();
    assertThat(host.getBinds()).isNullOrEmpty();
    assertThat(host.getMounts()).isNullOrEmpty();
    assertThat(host.getDevices()).isNullOrEmpty();
    assertThat(host.getPidMode()).isNull();
    assertThat(host.getUsernsMode()).isNull();
    assertThat(host.getIpcMode()).isEqualTo("private");
    assertThat(host.getNetworkMode()).isEqualTo(network ? "bridge" : "none");
    assertThat(host.getMemory()).isEqualTo(1 << 20).isEqualTo(host.getMemorySwap());
    assertThat(host.getNanoCPUs()).isEqualTo(500_000_000L);
    assertThat(host.getPidsLimit()).isEqualTo(10);
    assertThat(host.getTmpFs())
        .containsOnlyKeys("/tmp", "/scratch")
        .allSatisfy(
            (_, options) ->
                assertThat(options).contains("size=4096", "uid=65534", "nosuid", "mode=0700"));
  }

  @ParameterizedTest
  @CsvSource({
    "1.39,true",
    "1.24,true",
    "1.40,false",
    "1.41,false",
    "1.52,false",
    "2.0,false",
    "x,false"
  })
  void shouldKnowEnginesThatAreTooOld(String version, boolean expected) {
    assertThat(DockerEngine.isTooOld(version)).isEqualTo(expected);
  }
}
