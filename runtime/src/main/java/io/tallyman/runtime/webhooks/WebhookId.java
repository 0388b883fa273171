package io.tallyman.runtime.webhooks;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobId;
import java.math.BigInteger;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** The header {@code webhook-id}. */
public final class WebhookId {

  private static final String DIGITS =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  private static final BigInteger BASE = BigInteger.valueOf(DIGITS.length());

  /** Digits of a SHA-256 in base 62. */
  private static final int ALL_DIGITS = 43;

  /** 27 digits are 160 bits: no two deliveries ever share one. */
  private static final int KEPT_DIGITS = 27;

  private WebhookId() {}

  /**
   * Such as {@code msg_1srOrx2ZWZBpBUvZwXKQmoEYga2}. It depends on its arguments alone: a receiver
   * that has seen it has seen the event, whatever was retried, restarted or rebalanced in between.
   * It never holds a dot, the separator of the signed content.
   */
  public static String of(JobId job, long sequence, EndpointName endpoint) {
    var number = new BigInteger(1, sha256("%s|%d|%s".formatted(job, sequence, endpoint)));
    var digits = new StringBuilder(ALL_DIGITS);
    for (int i = 0; i < ALL_DIGITS; i++) {
      var split = number.divideAndRemainder(BASE);
      digits.append(DIGITS.charAt(split[1].intValue()));
      number = split[0];
    }
    return "msg_" + digits.reverse().substring(0, KEPT_DIGITS);
  }

  private static byte[] sha256(String text) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Expected SHA-256, which every JDK has", e);
    }
  }
}
