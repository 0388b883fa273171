package io.tallyman.api.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.tallyman.api.http.Problem.Place;
import io.tallyman.runtime.net.AddressPolicy;
import io.tallyman.schemas.job.Policy;
import io.tallyman.schemas.job.SecretName;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What of a body is kept; {@link BadInputIT} has what is refused. */
class SubmitBodyTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "null",
        "true",
        "\"\"",
        "\"a \\\" } \\u00e9 é 😀\"",
        "-0.10e+400",
        "[ ]",
        "[1 ,{\"b\" : [ ] }\n]",
        "{\"z\":1,\"a\":{\"input\":2}}"
      })
  void shouldLiftTheInputOutByteForByte(String input) {
    for (var frame :
        new String[] {"{\"input\":%s}", " { \"a\" : [0] , \"input\" : %s , \"b\":\"\"} "}) {
      assertThat(parse(frame.formatted(input)).input()).hasToString(input);
    }
  }

  @Test
  void shouldSkipAByteOrderMark() {
    assertThat(parse("\ufeff{\"input\":[\"é\"]}").input()).hasToString("[\"é\"]");
  }

  @Test
  void shouldDefaultThePolicyLikeRunPod() {
    assertThat(parse("{\"input\":1}").policy()).isEqualTo(Policy.DEFAULT);
    assertThat(parse("{\"input\":1,\"policy\":{\"ttl\":null,\"x\":[{}]}}").policy())
        .isEqualTo(Policy.DEFAULT);
    assertThat(parse("{\"policy\":{\"executionTimeout\":5000},\"input\":1}").policy())
        .isEqualTo(new Policy(Duration.ofSeconds(5), Policy.DEFAULT.ttl(), false));
  }

  @ParameterizedTest
  @CsvSource({
    "'\"webhook\":\"http://a.test/1\"', http://a.test/1",
    "'\"webhook\":\"http://a.test/1\",\"webhookV2\":\"https://a.test/2\"', https://a.test/2",
    "'\"webhookv2\":\"https://a.test/2\",\"webhook\":\"http://a.test/1\"', https://a.test/2",
    "'\"webhook\":\"http://a.test/1\",\"webhookV2\":null', http://a.test/1",
    "'\"webhook\":\"HTTP://A.test?x=%20\"', HTTP://A.test?x=%20",
  })
  void shouldPreferWebhookV2(String members, String expected) {
    assertThat(parse("{\"input\":1," + members + "}").webhook()).contains(URI.create(expected));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"webhookSecretName\":\"customer-a\",\"webhook\":\"http://a.test\"",
        "\"webhookV2\":\"http://a.test\",\"webhookSecretName\":\"customer-a\""
      })
  void shouldTakeTheNameOfASecretOfTheEndpoint(String members) {
    assertThat(parse("{\"input\":1," + members + "}").webhookSecretName())
        .contains(new SecretName("customer-a"));
  }

  @Test
  void shouldTakeNullForNoNameOfASecret() {
    assertThat(parse("{\"input\":1,\"webhookSecretName\":null}").webhookSecretName()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"customer-b", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", " "})
  void shouldNotRepeatTheNameOfNoSecret(String name) {
    var webhook = "\"webhook\":\"http://a.test\"";

    var problem = problem("%s,\"webhookSecretName\":\"%s\"".formatted(webhook, name));

    assertThat(problem.detail())
        .startsWith("Expected 'webhookSecretName' to name a webhook secret of this endpoint, but")
        .doesNotContain("'" + name + "'", "whsec_");
    assertThat(pointers(problem)).containsExactly("/webhookSecretName");
  }

  @Test
  void shouldSayOnceWhatIsWrongWithTheWebhookBesideAName() {
    assertThat(pointers(problem("\"webhookSecretName\":\"customer-a\",\"webhook\":\"ftp://a\"")))
        .containsExactly("/webhook");
    assertThat(pointers(problem("\"webhookSecretName\":\"customer-a\"")))
        .containsExactly("/webhookSecretName");
  }

  @Test
  void shouldNameEveryWrongPlaceAtOnce() {
    var refusal =
        catchThrowableOfType(
            Refusal.class,
            () -> parse("{\"webhook\":5,\"policy\":{\"ttl\":1,\"lowPriority\":\"no\"}}"));

    assertThat(refusal.problem("/run").errors().orElseThrow())
        .extracting(Place::pointer)
        .containsExactly("/webhook", "/policy/ttl", "/policy/lowPriority", "/input");
  }

  @Test
  void shouldPointAtADuplicateKey() {
    var refusal =
        catchThrowableOfType(
            Refusal.class, () -> parse("{\"input\":[0,{\"a\":{\"b\":1,\"b\":2}}]}"));

    assertThat(refusal.problem("/run").errors().orElseThrow())
        .extracting(Place::pointer)
        .containsExactly("/input/1/a/b");
  }

  @Test
  void shouldTakeNothingOrAnObjectWhereNoBodyIsNeeded() {
    StrictJson.requireEmptyOrObject(new byte[0]);
    StrictJson.requireEmptyOrObject(" {\"a\":[1]} ".getBytes(UTF_8));
    assertThatThrownBy(() -> StrictJson.requireEmptyOrObject("{} {}".getBytes(UTF_8)))
        .isInstanceOf(Refusal.class);
  }

  private static Problem problem(String members) {
    return catchThrowableOfType(Refusal.class, () -> parse("{\"input\":1," + members + "}"))
        .problem("/run");
  }

  private static List<String> pointers(Problem problem) {
    return problem.errors().orElseThrow().stream().map(Place::pointer).toList();
  }

  private static SubmitBody.Parsed parse(String body) {
    return SubmitBody.parse(
        body.getBytes(UTF_8), AddressPolicy.PUBLIC, Set.of(new SecretName("customer-a")));
  }
}
