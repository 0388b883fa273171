package io.tallyman.schemas.job;

import java.util.regex.Pattern;

/**
 * Name of a webhook secret, such as {@code customer-a}: what requests, events and errors say
 * instead of the secret, which only the endpoints file has. No key of either kind is a legal name,
 * so one that is given by mistake is not kept.
 *
 * @throws IllegalArgumentException when the value is not 1 to 63 characters of {@code a-z 0-9 -},
 *     or starts or ends with {@code -}; never repeats it
 */
public record SecretName(String value) {

  private static final Pattern LEGAL = Pattern.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?");

  public SecretName {
    if (!isLegal(value)) {
      throw new IllegalArgumentException(
          "Expected a secret's name of 1 to 63 characters a-z 0-9 -, but got %d characters"
              .formatted(value.length()));
    }
  }

  /** Whether the text could name a secret. Use it on untrusted text instead of catching. */
  public static boolean isLegal(String text) {
    return LEGAL.matcher(text).matches();
  }

  @Override
  public String toString() {
    return value;
  }
}
