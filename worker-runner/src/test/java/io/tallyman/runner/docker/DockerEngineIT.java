package io.tallyman.runner.docker;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is said of engines that are not there; none is needed for that. */
class DockerEngineIT {

  @ParameterizedTest
  @CsvSource({
    "unix:///no/such.sock,no Docker engine listens at unix:///no/such.sock",
    "tcp://127.0.0.1:1,does not answer"
  })
  void shouldSayInOneSentenceWhyAnEngineIsOfNoUse(String host, String why) {
    assertThat(DockerEngine.probe(host, List.of("busybox:latest")))
        .isInstanceOfSatisfying(
            DockerEngine.Probe.Unusable.class,
            unusable ->
                assertThat(unusable.reason())
                    .contains(why, "TALLY_DOCKER_HOST")
                    .doesNotContain("\n"));
  }
}
