package io.tallyman.runner.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ControlIntakeTest {

  @ParameterizedTest
  @ValueSource(strings = {"runner-1", "runner-2", "host.example", "x"})
  void shouldListenWhereProducersWrite(String runner) {
    var key = runner.getBytes(UTF_8);

    for (int count = 1; count < 10; count++) {
      assertThat(ControlIntake.partition(key, count))
          .isEqualTo(BuiltInPartitioner.partitionForKey(key, count));
    }
  }
}
