package io.tallyman.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class VariableTest {

  private static final Variable<Integer> SLOTS =
      Variable.number("TALLY_SLOTS", 4, 1, 1_000, "How many attempts run at once");
  private static final Variable<Duration> DELAY =
      Variable.duration("TALLY_DELAY", "10s", "Time between attempts");

  @ParameterizedTest
  @CsvSource({
    "0ms, PT0S",
    "250ms, PT0.25S",
    "10s, PT10S",
    "5m, PT5M",
    "1h, PT1H",
    "7d, PT168H",
    "PT10S, PT10S",
    "P7D, PT168H",
    "999999999999ms, PT277777H46M39.999S"
  })
  void shouldReadDurations(String text, Duration expected) {
    assertThat(Variable.parseDuration(text)).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "10", "s", "10 s", "-1s", "1.5s", "10S", "10sec", "1000000000000s"})
  void shouldRefuseWhatIsNoDuration(String text) {
    assertThatThrownBy(() -> Variable.parseDuration(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("Expected a duration such as 10s, 250ms or PT10S");
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "4096, 4096",
    "4096B, 4096",
    "64KiB, 65536",
    "64MiB, 67108864",
    "2 GiB, 2147483648",
    "3kB, 3000",
    "20MB, 20000000",
    "1GB, 1000000000"
  })
  void shouldReadSizes(String text, long expected) {
    assertThat(Variable.parseSize(text)).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "MB", "-1", "1.5MB", "20M", "20mb", "1TB", "1000000000000000"})
  void shouldRefuseWhatIsNoSize(String text) {
    assertThatThrownBy(() -> Variable.parseSize(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("Expected a size such as 64MiB, 20MB or 4096");
  }

  @Test
  void shouldNotTurnAHugeSizeIntoANegativeOne() {
    assertThatThrownBy(() -> Variable.parseSize("999999999999GiB"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "1000, 1000", "' 7 ', 7"})
  void shouldReadANumberInItsRange(String text, int expected) {
    assertThat(SLOTS.from(Map.of("TALLY_SLOTS", text))).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "1001", "-1", "x", "", "1.0", "99999999999"})
  void shouldNameTheVariableItsTextAndTheWayOutWhenANumberIsWrong(String text) {
    assertThatThrownBy(() -> SLOTS.from(Map.of("TALLY_SLOTS", text)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "TALLY_SLOTS='%s': Expected a whole number from 1 to 1000. How many attempts run at"
                + " once",
            text);
  }

  @Test
  void shouldTakeTheFallbackWhenUnset() {
    assertThat(SLOTS.from(Map.of())).isEqualTo(4);
    assertThat(DELAY.from(Map.of())).isEqualTo(Duration.ofSeconds(10));
  }

  @Test
  void shouldTellAPathFromNone() {
    var file = Variable.path("TALLY_FILE", "", "A file");

    assertThat(file.from(Map.of())).isEmpty();
    assertThat(file.from(Map.of("TALLY_FILE", "/etc/x.yaml"))).contains(Path.of("/etc/x.yaml"));
  }

  @Test
  void shouldNameTheNearestWhenASettingIsUnknown() {
    assertThatThrownBy(
            () -> Variable.requireKnown(Map.of("TALLY_SLOT", "4"), List.of(DELAY, SLOTS)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "TALLY_SLOT is no setting of Tallyman. Did you mean TALLY_SLOTS?"
                + " All are in docs/configuration.md");
  }

  @Test
  void shouldMindNobodyElsesVariables() {
    var environment =
        Map.of("TALLY_SLOTS", "4", "PATH", "/bin", "TALLYMAN", "x", "TALLY_TEST_ANY", "true");

    assertThatCode(() -> Variable.requireKnown(environment, List.of(DELAY, SLOTS)))
        .doesNotThrowAnyException();
  }
}
