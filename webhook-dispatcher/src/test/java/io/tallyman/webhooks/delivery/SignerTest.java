package io.tallyman.webhooks.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.standardwebhooks.Webhook;
import io.tallyman.runtime.endpoints.Endpoint.Secret;
import io.tallyman.schemas.job.RawJson;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Vectors: S1 is in the tests of the official Go, JavaScript, Java and C# libraries, S2 in that of
 * Rust; the others were computed with the official Java library and with {@code openssl}.
 */
class SignerTest {

  private static final String SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  private static final String OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
  private static final String ID = "msg_p5jXN8AQM9LWM0D4loKWxJek";
  private static final Instant TIME = Instant.ofEpochSecond(1_614_265_330);
  private static final RawJson BODY = RawJson.of("{\"test\": 2432232314}");

  @Test
  void shouldMakeTheSignatureOfVectorS1() {
    assertThat(signer(SECRET).sign(ID, TIME, BODY))
        .isEqualTo("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  }

  @Test
  void shouldMakeTheSignatureOfVectorS2() {
    assertThat(
            signer(OTHER)
                .sign(
                    "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
                    Instant.ofEpochSecond(1_649_367_553),
                    RawJson.of("{\"email\":\"test@example.com\",\"username\":\"test_user\"}")))
        .isEqualTo("v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=");
  }

  @Test
  void shouldMakeTheSignatureOfVectorS4WhenTheKeyIsAnother() {
    assertThat(signer(OTHER).sign(ID, TIME, BODY))
        .isEqualTo("v1,78nXHjpFP0tVJQW5D0SBwmVyyW87BV/rL6MgfM/Bw44=");
  }

  @Test
  void shouldSignWithEveryKeyCurrentFirstOfVectorS5() {
    assertThat(signer(SECRET, OTHER).sign(ID, TIME, BODY))
        .isEqualTo(
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
                + " v1,78nXHjpFP0tVJQW5D0SBwmVyyW87BV/rL6MgfM/Bw44=");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "S6|''|v1,v48jdbgvh29KJz2Qc+ghw8G6vG3nAKnujWBg8oM/62A=",
        "S7|{\"m\":\"héllo ✓ 😀\"}|v1,GbQuhzwQcSIaEc23B4S2eN4lXVFRKRVnzUjs5qbZmXg=",
        "S8|{\"test\":2432232314}|v1,Vif40peJBP7Iyl0XGmu61n4MwdrcHov5CFREBpE0svs=",
      })
  void shouldSignTheBytesAsTheyAre(String vector, String body, String signature) {
    var text = body.equals("''") ? "" : body;
    assertThat(signer(SECRET).sign(ID, TIME, RawJson.of(text))).as(vector).isEqualTo(signature);
  }

  @Test
  void shouldSatisfyTheOfficialLibrary() throws Exception {
    // given: its tolerance is fixed and it has no clock to set
    var now = Instant.now();
    var signature = signer(OTHER, SECRET).sign(ID, now, BODY);

    // when
    new Webhook(SECRET)
        .verify(
            BODY.toString(),
            Map.of(
                "webhook-id", List.of(ID),
                "webhook-timestamp", List.of(Long.toString(now.getEpochSecond())),
                "webhook-signature", List.of(signature)));

    // then it has not thrown
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "whsec_",
        "whsk_MfKQ9r8GKYqrTwjU",
        "whsk_%%",
        "whsec_%SECRET%",
        "MfKQ9r8GKYqr"
      })
  void shouldRefuseWhatIsNoSecretWithoutRepeatingIt(String secret) {
    assertThatThrownBy(() -> signer(secret))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "Expected whsec_ and the base64 of a key, or whsk_ and the base64 of an Ed25519 seed,"
                + " with or without the public key behind it")
        .hasNoCause();
  }

  @Test
  void shouldNotShowItsKeys() {
    assertThat(signer(SECRET).toString()).isEqualTo("Signer[1 keys]");
  }

  /** The key, and its public half that receivers hold, of Svix's own test. */
  private static final String PRIVATE =
      "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";

  @Test
  void shouldMakeTheSignatureOfVectorS3() {
    assertThat(signer(PRIVATE).sign(ID, TIME, BODY))
        .isEqualTo(
            "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==");
  }

  @Test
  void shouldTakeTheSeedAlone() {
    var seed = Arrays.copyOf(Base64.getDecoder().decode(PRIVATE.substring(5)), 32);
    var alone = "whsk_" + Base64.getEncoder().encodeToString(seed);

    assertThat(signer(alone).sign(ID, TIME, BODY)).isEqualTo(signer(PRIVATE).sign(ID, TIME, BODY));
  }

  @Test
  void shouldRefuseHalvesOfTwoKeys() {
    var bytes = Base64.getDecoder().decode(PRIVATE.substring(5));
    bytes[40] ^= 1;

    assertThatThrownBy(() -> signer("whsk_" + Base64.getEncoder().encodeToString(bytes)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasNoCause();
  }

  @Test
  void shouldSignWithTheOldKeyUntilItsTimeHasCome() throws Exception {
    // given
    var now = Instant.now();
    var rotating =
        Signer.of(
            List.of(
                new Secret(OTHER, Optional.empty()),
                new Secret(PRIVATE, Optional.of(now.plusSeconds(7_200))),
                new Secret(SECRET, Optional.of(now.plusSeconds(60)))));

    // when, then: in the grace three signatures, the current one first
    var during = rotating.sign(ID, now, BODY);
    assertThat(during.split(" "))
        .satisfiesExactly(
            it -> assertThat(it).isEqualTo(signer(OTHER).sign(ID, now, BODY)),
            it -> assertThat(it).startsWith("v1a,"),
            it -> assertThat(it).isEqualTo(signer(SECRET).sign(ID, now, BODY)));
    verify(SECRET, now, during);

    // and: to the moment, not after it
    assertThat(rotating.sign(ID, now.plusSeconds(60), BODY).split(" ")).hasSize(2);
    var after = rotating.sign(ID, now.plusSeconds(61), BODY);
    assertThatThrownBy(() -> verify(SECRET, now.plusSeconds(61), after))
        .isInstanceOf(com.standardwebhooks.exceptions.WebhookVerificationException.class);
    verify(OTHER, now.plusSeconds(61), after);
  }

  /** S9: what other libraries send with several signatures, the right one in the middle. */
  @Test
  void shouldBeFoundAmongDecoysByTheOfficialLibrary() throws Exception {
    var now = Instant.now();
    var decoy = "Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=";
    verify(
        SECRET,
        now,
        "v1,%s v2,%s %s v1,%s".formatted(decoy, decoy, signer(SECRET).sign(ID, now, BODY), decoy));
  }

  private static void verify(String secret, Instant time, String signature) throws Exception {
    new Webhook(secret)
        .verify(
            BODY.toString(),
            Map.of(
                "webhook-id", List.of(ID),
                "webhook-timestamp", List.of(Long.toString(time.getEpochSecond())),
                "webhook-signature", List.of(signature)));
  }

  private static Signer signer(String... secrets) {
    return Signer.of(Stream.of(secrets).map(it -> new Secret(it, Optional.empty())).toList());
  }
}
