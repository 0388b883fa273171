package io.tallyman.runner.files;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.schemas.job.RawJson;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTextTest {

  @ParameterizedTest
  @ValueSource(
      strings = {"{\"a\" : 1.00}", "[1, 2]", "\"x\\\"y\"", "-1e400", "true", "false", "null", "0"})
  void shouldKeepOneValueByteForByteWithoutTheSpaceAroundIt(String json) {
    assertThat(JsonText.parse((" \t\r\n" + json + "\n ").getBytes(UTF_8)))
        .contains(RawJson.of(json));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "  ",
        "{\"a\":1",
        "{} {}",
        "1 2",
        "nothing",
        "nul",
        "[INFO] done",
        "{a:1}",
        "'x'",
        "01",
        "\u00e9",
        "10 files",
        "-",
        "[1,]"
      })
  void shouldRefuseWhatIsNotOneValue(String text) {
    assertThat(JsonText.parse(text.getBytes(UTF_8))).isEmpty();
  }

  @Test
  void shouldRefuseOtherEncodings() {
    assertThat(JsonText.parse("\"\u00e9\"".getBytes(ISO_8859_1))).isEmpty();
    assertThat(JsonText.parse("{\"a\":1}".getBytes(UTF_16LE))).isEmpty();
    assertThat(JsonText.parse("\ufeff{}".getBytes(UTF_8))).isEmpty();
  }
}
