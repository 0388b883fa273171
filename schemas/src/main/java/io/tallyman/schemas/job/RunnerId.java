package io.tallyman.schemas.job;

import java.util.regex.Pattern;

/**
 * Name of a worker-runner process, such as {@code runner-1}: the key of its control messages, and
 * what a status document calls {@code workerId}. Two live runners must not share one.
 *
 * @throws IllegalArgumentException when the value is not 1 to 64 characters of {@code A-Z a-z 0-9 .
 *     _ -}
 */
public record RunnerId(String value) {

  private static final Pattern LEGAL = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");

  public RunnerId {
    if (!LEGAL.matcher(value).matches()) {
      throw new IllegalArgumentException(
          "Expected a runner id of 1 to 64 characters A-Z a-z 0-9 . _ -, but got '%s'"
              .formatted(value.substring(0, Math.min(64, value.length()))));
    }
  }

  @Override
  public String toString() {
    return value;
  }
}
