package io.tallyman.schemas.job;

import java.util.regex.Pattern;

/**
 * Name of an endpoint, such as {@code default}. It is part of a URL path and of the topic name
 * {@code job-dispatch.<endpoint>}; it holds no dot, so {@code .low} can follow it.
 *
 * @throws IllegalArgumentException when the value is not 1 to 63 characters of {@code a-z 0-9 -},
 *     or starts or ends with {@code -}
 */
public record EndpointName(String value) {

  // Before DEFAULT, which is checked against it.
  private static final Pattern LEGAL = Pattern.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?");

  /** The endpoint of the paths without {@code /v2/{endpoint}}. */
  public static final EndpointName DEFAULT = new EndpointName("default");

  public EndpointName {
    if (!isLegal(value)) {
      throw new IllegalArgumentException(
          "Expected an endpoint name of 1 to 63 characters a-z 0-9 -, but got '%s'"
              .formatted(value.substring(0, Math.min(64, value.length()))));
    }
  }

  /** Whether the text could name an endpoint. Use it on untrusted text instead of catching. */
  public static boolean isLegal(String text) {
    return LEGAL.matcher(text).matches();
  }

  @Override
  public String toString() {
    return value;
  }
}
