package io.tallyman.webhooks.delivery;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.schemas.job.RawJson;
import java.security.InvalidKeyException;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The header {@code webhook-signature} of Standard Webhooks 1.0.0, symmetric: {@code v1,} and the
 * base64 of HMAC-SHA256 over {@code id.timestamp.body}. Our own and not the official library,
 * because that signs text and not bytes, and with one key only. Thread-safe.
 *
 * @see <a
 *     href="https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md">Standard
 *     Webhooks</a>
 */
final class Signer {

  private static final String ALGORITHM = "HmacSHA256";
  private static final String SECRET_PREFIX = "whsec_";

  private final List<SecretKeySpec> keys;

  private Signer(List<SecretKeySpec> keys) {
    this.keys = keys;
  }

  /**
   * A signer.
   *
   * @param secrets each {@code whsec_} and base64 of the key; while a key is being replaced there
   *     are two, the current one first
   * @throws IllegalArgumentException when one is not that; never repeats it
   */
  static Signer of(String... secrets) {
    return new Signer(List.of(secrets).stream().map(Signer::key).toList());
  }

  /**
   * The header's value: one signature per key, separated by a space.
   *
   * @param time of the attempt; the header {@code webhook-timestamp} carries its seconds
   */
  String sign(String webhookId, Instant time, RawJson body) {
    var head = "%s.%d.".formatted(webhookId, time.getEpochSecond()).getBytes(UTF_8);
    var content = body.bytes();
    return keys.stream()
        .map(key -> "v1," + Base64.getEncoder().encodeToString(hmac(key, head, content)))
        .collect(Collectors.joining(" "));
  }

  private static byte[] hmac(SecretKeySpec key, byte[] head, byte[] content) {
    try {
      var mac = Mac.getInstance(ALGORITHM);
      mac.init(key);
      mac.update(head);
      return mac.doFinal(content);
    } catch (NoSuchAlgorithmException | InvalidKeyException e) {
      throw new IllegalStateException("Expected HMAC-SHA256, which every JDK has", e);
    }
  }

  private static SecretKeySpec key(String secret) {
    try {
      if (secret.startsWith(SECRET_PREFIX)) {
        return new SecretKeySpec(
            Base64.getDecoder().decode(secret.substring(SECRET_PREFIX.length())), ALGORITHM);
      }
    } catch (IllegalArgumentException _) {
      // Answered below, without the cause: its text may hold a part of the secret.
    }
    throw new IllegalArgumentException("Expected whsec_ followed by the base64 of a key");
  }

  @Override
  public String toString() {
    return "Signer[%d keys]".formatted(keys.size());
  }
}
