package io.tallyman.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LatenciesTest {

  @Test
  void shouldGiveTheNearestRankWhateverTheOrder() {
    var latencies =
        new Latencies(
            IntStream.iterate(100, i -> i > 0, i -> i - 1).mapToObj(Duration::ofMillis).toList());

    assertThat(latencies.percentile(50)).isEqualTo(Duration.ofMillis(50));
    assertThat(latencies.percentile(99)).isEqualTo(Duration.ofMillis(99));
    assertThat(latencies.percentile(100)).isEqualTo(Duration.ofMillis(100));
    assertThat(latencies).hasToString("p50 50.0 ms, p99 99.0 ms (100)");
  }

  @Test
  void shouldRefuseToSayAnythingOfNothing() {
    assertThatThrownBy(() -> new Latencies(List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("at least one duration");
  }
}
