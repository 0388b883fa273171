package io.tallyman.webhooks.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.standardwebhooks.Webhook;
import io.tallyman.schemas.job.RawJson;
import java.time.Instant;
import java.util.List;
import java.util.Map;
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
    assertThat(Signer.of(SECRET).sign(ID, TIME, BODY))
        .isEqualTo("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  }

  @Test
  void shouldMakeTheSignatureOfVectorS2() {
    assertThat(
            Signer.of(OTHER)
                .sign(
                    "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
                    Instant.ofEpochSecond(1_649_367_553),
                    RawJson.of("{\"email\":\"test@example.com\",\"username\":\"test_user\"}")))
        .isEqualTo("v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=");
  }

  @Test
  void shouldMakeTheSignatureOfVectorS4WhenTheKeyIsAnother() {
    assertThat(Signer.of(OTHER).sign(ID, TIME, BODY))
        .isEqualTo("v1,78nXHjpFP0tVJQW5D0SBwmVyyW87BV/rL6MgfM/Bw44=");
  }

  @Test
  void shouldSignWithEveryKeyCurrentFirstOfVectorS5() {
    assertThat(Signer.of(SECRET, OTHER).sign(ID, TIME, BODY))
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
    assertThat(Signer.of(SECRET).sign(ID, TIME, RawJson.of(text))).as(vector).isEqualTo(signature);
  }

  @Test
  void shouldSatisfyTheOfficialLibrary() throws Exception {
    // given: its tolerance is fixed and it has no clock to set
    var now = Instant.now();
    var signature = Signer.of(OTHER, SECRET).sign(ID, now, BODY);

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
  @ValueSource(strings = {"", "whsec_", "whsk_MfKQ9r8GKYqrTwjU", "whsec_%SECRET%", "MfKQ9r8GKYqr"})
  void shouldRefuseWhatIsNoSecretWithoutRepeatingIt(String secret) {
    assertThatThrownBy(() -> Signer.of(secret))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("Expected whsec_ followed by the base64 of a key")
        .hasNoCause();
  }

  @Test
  void shouldNotShowItsKeys() {
    assertThat(Signer.of(SECRET).toString()).isEqualTo("Signer[1 keys]");
  }
}
