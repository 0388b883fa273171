package io.tallyman.runtime.endpoints;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tallyman.runtime.endpoints.Endpoint.Limits;
import io.tallyman.runtime.endpoints.Endpoint.Secret;
import io.tallyman.runtime.endpoints.Endpoint.Success;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.SecretName;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EndpointsTest {

  private static final String KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  private static final EndpointName NAME = new EndpointName("sd-xl");

  @Test
  void shouldHaveOneEndpointOutOfTheBox() {
    var endpoint = Endpoints.builtIn().named(EndpointName.DEFAULT).orElseThrow();

    assertThat(endpoint.image()).isEqualTo("busybox:latest");
    assertThat(endpoint.command()).hasSize(3).startsWith("sh", "-c");
    assertThat(endpoint.limits().network()).isFalse();
    assertThat(endpoint.webhook().secret()).isEmpty();
  }

  @Test
  void shouldFillInWhatIsNotSaid() {
    // when
    var endpoint = parse("image: a:1, command: [run]");

    // then
    assertThat(endpoint.environment()).isEmpty();
    assertThat(endpoint.limits())
        .isEqualTo(new Limits(256L << 20, 1.0, 128, 64L << 20, 20_000_000, 1L << 20, false));
    assertThat(endpoint.webhook().attempts()).isEqualTo(3);
    assertThat(endpoint.webhook().delayAfter(1)).isEqualTo(Duration.ofSeconds(10));
    assertThat(endpoint.webhook().success()).isEqualTo(Success.ONLY_200);
  }

  @Test
  void shouldReadEverythingThatCanBeSaid() {
    // when
    var endpoint =
        parse(
            """
            kind: task, image: a:1, command: [run, '1'], environment: {MODEL: x, N: 2},
            limits: {memory: 2GiB, cpus: 0.5, pids: 7, scratch: 1MiB, output: 4096, log: 64KiB,
              network: true},
            webhook: {secret: %s, attempts: 5, delay: 250ms, deadline: PT3S, success: 2xx}
            """
                .formatted(KEY));

    // then
    assertThat(endpoint.command()).containsExactly("run", "1");
    assertThat(endpoint.environment()).containsEntry("MODEL", "x").containsEntry("N", "2");
    assertThat(endpoint.limits())
        .isEqualTo(new Limits(2L << 30, 0.5, 7, 1 << 20, 4_096, 64 << 10, true));
    assertThat(endpoint.webhook().secret()).contains(KEY);
    assertThat(endpoint.webhook().attempts()).isEqualTo(5);
    assertThat(endpoint.webhook().delayAfter(1)).isEqualTo(Duration.ofMillis(250));
    assertThat(endpoint.webhook().deadline()).isEqualTo(Duration.ofSeconds(3));
    assertThat(endpoint.webhook().success()).isEqualTo(Success.ANY_2XX);
  }

  @Test
  void shouldReadASecretFromItsFile(@TempDir Path folder) throws IOException {
    // given
    var file = Files.writeString(folder.resolve("secret"), KEY + "\n");

    // when
    var endpoint = parse("image: a:1, command: [run], webhook: {secretFile: %s}".formatted(file));

    // then
    assertThat(endpoint.webhook().secret()).contains(KEY);
    assertThat(endpoint.toString()).doesNotContain(KEY).contains("signed");
  }

  @Test
  void shouldReadNamedSecretsInEveryFormOfTheEndpointsOwn(@TempDir Path folder) throws IOException {
    // given
    var other = "whsec_" + "b".repeat(32);
    var file = Files.writeString(folder.resolve("secret"), other + "\n");

    // when
    var webhook =
        parse(
                """
                image: a:1, command: [run], webhook: {namedSecrets: {
                  customer-a: {secret: %s},
                  customer-b: {secretFile: %s, oldSecrets: [
                    {secret: %s, until: 2026-12-01T00:00:00Z}]}}}
                """
                    .formatted(KEY, file, KEY))
            .webhook();

    // then: they are beside the endpoint's own, which it has none of
    assertThat(webhook.secrets()).isEmpty();
    assertThat(webhook.namedSecrets())
        .isEqualTo(
            Map.of(
                new SecretName("customer-a"),
                List.of(new Secret(KEY, Optional.empty())),
                new SecretName("customer-b"),
                List.of(
                    new Secret(other, Optional.empty()),
                    new Secret(KEY, Optional.of(Instant.parse("2026-12-01T00:00:00Z"))))));
    assertThat(webhook.toString())
        .doesNotContain(KEY, other)
        .contains("unsigned", "2 named secrets");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "command: [x]                                  | .image: expected the name of an image",
        "image: ' ', command: [x]                      | .image: expected the name of an image",
        "image: a:1                                    | .command: expected a list of arguments",
        "image: a:1, command: []                       | .command: expected a list of arguments",
        "image: a:1, command: [x], kind: worker        | .kind: expected 'task', but got 'worker'",
        "image: a:1, command: [x], limits: {memory: 1X} | .limits.memory: Expected a size such as",
        "image: a:1, command: [x], limits: {memory: -1} | .limits.memory: Expected a size such as",
        "image: a:1, command: [x], limits: {cpus: 0}   | .limits.cpus: expected a number above 0",
        "image: a:1, command: [x], limits: {pids: 0}   | .limits.pids: expected a whole number",
        "image: a:1, command: [x], limits: {output: 21MB} | .limits.output: expected at most 20MB",
        "image: a:1, command: [x], webhook: {attempts: 0} | .webhook.attempts: expected a whole",
        "image: a:1, command: [x], webhook: {attempts: 11} | .webhook.attempts: expected a whole",
        "image: a:1, command: [x], webhook: {delay: 10} | .webhook.delay: Expected a duration",
        "image: a:1, command: [x], webhook: {success: 201} | .webhook.success: Expected 200 or 2xx",
        "image: a:1, command: [x], webhook: {secretFile: /no/such} | .webhook.secretFile: expected",
        "image: a:1, command: [x], webhook: {secretFile: /a, secret: b} | .webhook: expected"
            + " 'secret'",
        "image: a:1, command: [x], webhook: {delay: 1s, delays: [1s]} | .webhook: expected 'delay'",
        "image: a:1, command: [x], webhook: {delays: []} | .webhook.delays: expected 1 to 10",
        "image: a:1, command: [x], webhook: {delays: [1s, 2h]} | .webhook.delays.1: expected at",
        "image: a:1, command: [x], webhook: {events: [DONE]} | .webhook.events: expected states of",
        "image: a:1, command: [x], webhook: {rate: 0} | .webhook.rate: expected a whole number",
        "image: a:1, command: [x], webhook: {oldSecrets: [{}]} | .webhook.oldSecrets: expected a"
            + " current",
        "image: a:1, command: [x], webhook: {secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw,"
            + " oldSecrets: [{secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw}]} |"
            + " .webhook.oldSecrets.0.until: expected when",
        "image: a:1, command: [x], webhook: {secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw,"
            + " oldSecrets: [{secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw, until: soon}]} |"
            + " .webhook.oldSecrets.0.until: expected a time",
        "image: a:1, command: [x], webhook: {namedSecrets: {a: }} | .webhook.namedSecrets.a:"
            + " expected 'secret' or 'secretFile'",
        "image: a:1, command: [x], webhook: {namedSecrets: {a: {}}} | .webhook.namedSecrets.a:"
            + " expected 'secret' or 'secretFile'",
        "image: a:1, command: [x], webhook: {namedSecrets: {a: {secretFile: /no/such}}} |"
            + " .webhook.namedSecrets.a.secretFile: expected a readable file",
        "image: a:1, command: [x], webhook: {namedSecrets: {a: {secret: b, secretFile: /a}}} |"
            + " .webhook.namedSecrets.a: expected 'secret' or 'secretFile', but got both",
        "image: a:1, command: [x], webhook: {namedSecrets: {a: {oldSecrets: [{}]}}} |"
            + " .webhook.namedSecrets.a.oldSecrets: expected a current",
        "image: a:1, command: [x], webhook: {namedSecrets: {A_1: {secret: b}}} |"
            + " .webhook.namedSecrets: expected names of 1 to 63 characters a-z 0-9 -"
      })
  void shouldNameFileAndPlaceOfAMistake(String entry, String message) {
    assertThatThrownBy(() -> parse(entry))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("endpoints.yaml: endpoints.sd-xl" + message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "image: a:1, comand: [x]                        | endpoints.sd-xl.comand",
        "image: a:1, command: x                         | endpoints.sd-xl.command",
        "image: a:1, command: [x], limits: {pids: many} | endpoints.sd-xl.limits.pids",
        "image: a:1, command: [x], limits: {cpus: .nan}  | '.nan'",
        "image: a:1, command: [x], limits: {network: 7up} | endpoints.sd-xl.limits.network",
        "image: a:1, command: [x], limits: [1]          | endpoints.sd-xl.limits",
        "image: a:1, command: [x], image: b:2           | 'image'"
      })
  void shouldNameFileLineAndPlaceWhenTheTextDoesNotFit(String entry, String place) {
    assertThatThrownBy(() -> parse(entry))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("endpoints.yaml:2: ")
        .hasMessageContaining(place);
  }

  @ParameterizedTest
  @ValueSource(strings = {"SD", "-a", "a.low", "a_b", "''", "a/b"})
  void shouldNameAnEndpointWhoseNameIsNone(String name) {
    var yaml = "endpoints:\n  %s: {image: a:1, command: [x]}\n".formatted(name);

    assertThatThrownBy(() -> Endpoints.parse("endpoints.yaml", yaml.getBytes(UTF_8)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "endpoints.yaml: endpoints.%s: expected a name of 1 to 63 characters a-z 0-9 -",
            name.replace("'", ""));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "---", "endpoints:", "endpoints: {}", "# nothing\n"})
  void shouldAskForAnEndpointWhenThereIsNone(String yaml) {
    assertThatThrownBy(() -> Endpoints.parse("endpoints.yaml", yaml.getBytes(UTF_8)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("endpoints.yaml: expected at least one endpoint under 'endpoints:'");
  }

  @ParameterizedTest
  @ValueSource(strings = {"endpoints: [", "\t", "endpoints: {a: *x}", "endpoints: text", "[]"})
  void shouldNameTheFileWhenItIsNoYamlOfEndpoints(String yaml) {
    assertThatThrownBy(() -> Endpoints.parse("endpoints.yaml", yaml.getBytes(UTF_8)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("endpoints.yaml:");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "hunter2",
        "whsec_hunter2",
        "whsec_aHVudGVyMg==",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_!!!hunter2!!!",
        "whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
      })
  void shouldNotRepeatASecretThatIsNone(String secret) {
    assertThatThrownBy(
            () -> parse("image: a:1, command: [x], webhook: {secret: '%s'}".formatted(secret)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "endpoints.yaml: endpoints.sd-xl.webhook.secret: expected whsec_ followed by base64 of"
                + " 24 to 64 random bytes, or whsk_ followed by base64 of an Ed25519 key")
        .hasNoCause();
  }

  /** A key in the wrong place: the YAML is read by a library that likes to quote it. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "webhook: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "webhook: {secret:whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw}",
        "webhook: {oldSecrets: [whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw]}",
        "webhook: {oldSecrets: MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw}",
        "webhook: {attempts: MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw}",
        "webhook: {namedSecrets: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw}",
        "webhook: {namedSecrets: {a: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw}}",
        "webhook: {namedSecrets: {a: MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw}}",
        "webhook: {namedSecrets: {a: {secret: MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw}}}",
        "webhook: {namedSecrets: {a: {secret: [whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw]}}}",
        "webhook: {namedSecrets: {a: {whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw: }}}",
        "webhook: {namedSecrets: {whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw: {secret: a}}}",
        "webhook: {namedSecrets: {whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw: a}}"
      })
  void shouldNotRepeatAKeyThatIsInTheWrongPlace(String webhook) {
    assertThatThrownBy(() -> parse("image: a:1, command: [x], " + webhook))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("endpoints.sd-xl.webhook")
        .satisfies(
            mistake -> {
              var trace = new StringWriter();
              mistake.printStackTrace(new PrintWriter(trace));
              assertThat(trace.toString()).doesNotContain("MfKQ9r8GKYqr");
            });
  }

  @Test
  void shouldNameTheFileThatCannotBeRead(@TempDir Path folder) {
    var file = folder.resolve("none.yaml");

    assertThatThrownBy(() -> Endpoints.read(file))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(file.toString());
  }

  private static Endpoint parse(String entry) {
    var yaml = "endpoints:\n  sd-xl: {%s}\n".formatted(entry.strip());
    return Endpoints.parse("endpoints.yaml", yaml.getBytes(UTF_8)).named(NAME).orElseThrow();
  }
}
