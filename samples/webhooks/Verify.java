import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Verifies a webhook of Tallyman with nothing but the JDK.
 *
 * <p>{@code WEBHOOK_SECRET=whsec_... java Verify.java WEBHOOK_ID WEBHOOK_TIMESTAMP
 * WEBHOOK_SIGNATURE < body}
 */
final class Verify {

  /** An older request may be a replay. */
  private static final Duration TOLERANCE = Duration.ofMinutes(5);

  private Verify() {}

  public static void main(String[] arguments) throws Exception {
    var secret = System.getenv("WEBHOOK_SECRET");
    var body = System.in.readAllBytes();
    try {
      verify(secret, arguments[0], arguments[1], arguments[2], body);
    } catch (SecurityException e) {
      System.err.println("refused: " + e.getMessage());
      System.exit(1);
    }
    System.out.println("verified");
  }

  /**
   * Returns when the request is what the holder of the secret sent.
   *
   * @throws SecurityException when it is not; says why
   */
  static void verify(String secret, String id, String timestamp, String signature, byte[] body)
      throws GeneralSecurityException {
    var time = Instant.ofEpochSecond(Long.parseLong(timestamp));
    if (Duration.between(time, Instant.now()).abs().compareTo(TOLERANCE) > 0) {
      throw new SecurityException("the timestamp is too old, or too new");
    }
    var mac = Mac.getInstance("HmacSHA256");
    var key = Base64.getDecoder().decode(secret.substring("whsec_".length()));
    mac.init(new SecretKeySpec(key, "HmacSHA256"));
    mac.update((id + "." + timestamp + ".").getBytes(UTF_8));
    var expected = "v1," + Base64.getEncoder().encodeToString(mac.doFinal(body));
    // While a secret is being replaced there are several signatures, one per secret.
    var isRight =
        Arrays.stream(signature.split(" "))
            .anyMatch(one -> MessageDigest.isEqual(expected.getBytes(UTF_8), one.getBytes(UTF_8)));
    if (!isRight) {
      throw new SecurityException("no signature is right");
    }
  }
}
