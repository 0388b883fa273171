package io.tallyman.schemas.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Names that become paths, keys, topics and container names, and the other checked values. */
class NamesTest {

  private static final String LONGEST = "a".repeat(64);

  @ParameterizedTest
  @ValueSource(
      strings = {"a", "0193a3c0-5d1e-7cc0-8f35-1f0d2b1f9a10", "sync-1_e2", "A", "-a", "_a"})
  void shouldTakeJobIdsThatAreSafeEverywhere(String text) {
    var isLegal = text.charAt(0) != '-' && text.charAt(0) != '_';

    assertThat(JobId.isLegal(text)).isEqualTo(isLegal);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "a b", "a/b", "a:b", "a,b", "a\n", "é", "..", "a.b", "%41"})
  void shouldRefuseJobIdsThatAreNotSafeEverywhere(String text) {
    assertThat(JobId.isLegal(text)).isFalse();
    assertThatThrownBy(() -> new JobId(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("Expected a job id of 1 to 64 characters");
  }

  @Test
  void shouldBoundJobIds() {
    assertThat(new JobId(LONGEST)).hasToString(LONGEST);
    assertThat(JobId.isLegal(LONGEST + "a")).isFalse();
    // Docker's own limit for a container's host name part does not apply, but 128 for its name.
    assertThat("tally-" + LONGEST + "-a" + Integer.MAX_VALUE).hasSizeLessThanOrEqualTo(128);
  }

  @Test
  void shouldNotRepeatALongJobIdInItsMessage() {
    assertThatThrownBy(() -> new JobId("x".repeat(10_000)))
        .hasMessage(
            "Expected a job id of 1 to 64 characters A-Z a-z 0-9 _ -, but got 10000 characters");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a", "default", "sd-xl-1", "0"})
  void shouldTakeEndpointNamesThatAreTopicsAndPaths(String text) {
    assertThat(new EndpointName(text)).hasToString(text);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "-a", "a-", "A", "a.low", "a_b", "a/b", "é", "a b"})
  void shouldRefuseOtherEndpointNames(String text) {
    assertThat(EndpointName.isLegal(text)).isFalse();
    assertThatThrownBy(() -> new EndpointName(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'" + text + "'");
  }

  @Test
  void shouldBoundEndpointNames() {
    assertThat(EndpointName.isLegal("a".repeat(63))).isTrue();
    assertThat(EndpointName.isLegal(LONGEST)).isFalse();
    assertThat(EndpointName.DEFAULT).hasToString("default");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "-a",
        "a-",
        "A",
        "a.b",
        "a_b",
        "a/b",
        "é",
        "a b",
        "whsec_mfkq9r8gkyqrtwjupd8ilpzio2lalasw",
        "whsk_mfkq9r8gkyqrtwjupd8ilpzio2lalasw",
        "a234567890123456789012345678901234567890123456789012345678901234"
      })
  void shouldTakeNoSecretForItsNameAndNotRepeatIt(String text) {
    assertThat(SecretName.isLegal(text)).isFalse();
    assertThatThrownBy(() -> new SecretName(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "Expected a secret's name of 1 to 63 characters a-z 0-9 -, but got %d characters",
            text.length());
    assertThat(new SecretName("customer-a")).hasToString("customer-a");
  }

  @ParameterizedTest
  @ValueSource(strings = {"runner-1", "host.example.org_2", "R"})
  void shouldTakeRunnerIdsThatAreHostNames(String text) {
    assertThat(new RunnerId(text)).hasToString(text);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".a", "a b", "a/b", "a:b"})
  void shouldRefuseOtherRunnerIds(String text) {
    assertThatThrownBy(() -> new RunnerId(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'" + text + "'");
  }

  @Test
  void shouldBoundRunnerIds() {
    assertThat(new RunnerId(LONGEST).value()).hasSize(64);
    assertThatThrownBy(() -> new RunnerId(LONGEST + "a"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @CsvSource({
    "5000, 10000, true", "604800000, 604800000, true", "4999, 10000, false",
    "5000, 9999, false", "604800001, 10000, false", "5000, 604800001, false"
  })
  void shouldKeepPoliciesInRunPodsRange(long executionTimeout, long ttl, boolean isLegal) {
    var refusal =
        org.assertj.core.api.Assertions.catchThrowable(
            () -> new Policy(Duration.ofMillis(executionTimeout), Duration.ofMillis(ttl), false));

    if (isLegal) {
      assertThat(refusal).isNull();
    } else {
      assertThat(refusal)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageMatching(
              "Expected (ttl|executionTimeout) of \\d+ to 604800000 ms, but got \\d+ ms");
    }
  }

  @ParameterizedTest
  @CsvSource({"0, 1", "1, 0", "-1, 1"})
  void shouldCountSequencesAndAttemptsFromOne(long sequence, int attempt) {
    assertThatThrownBy(
            () ->
                new EventMeta(
                    new JobId("a"),
                    EndpointName.DEFAULT,
                    sequence,
                    attempt,
                    Instant.EPOCH,
                    "api",
                    Optional.empty()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void shouldNotLetAPayloadBeChanged() {
    var json = RawJson.of("[1]");

    json.bytes()[1] = '2';

    assertThat(json)
        .hasToString("[1]")
        .isEqualTo(RawJson.copyOf("x[1]y".getBytes(java.nio.charset.StandardCharsets.UTF_8), 1, 4));
    assertThat(json.size()).isEqualTo(3);
  }
}
