package io.tallyman.runtime.kafka;

import static org.assertj.core.api.Assertions.assertThatCode;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KafkaSettingsTest {

  /** Kafka refuses waits that do not fit into each other, when the first record is written. */
  @ParameterizedTest
  @CsvSource({"30000, 0", "30000, 20", "10000, 0", "500, 0", "2147483647, 20"})
  void shouldMakeAProducerWhateverItsWaits(int deliveryTimeoutMs, int lingerMs) {
    assertThatCode(
            () ->
                KafkaSettings.producer("127.0.0.1:1", "test", deliveryTimeoutMs, lingerMs)
                    .close(Duration.ZERO))
        .doesNotThrowAnyException();
  }
}
