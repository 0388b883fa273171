package io.tallyman.schemas.job;

import java.util.regex.Pattern;

/**
 * Name of a job, such as {@code 0193a3c0-5d1e-7cc0-8f35-1f0d2b1f9a10} or {@code sync-…}. Safe in a
 * URL path, a Redis key, a container name and a comma-separated list.
 *
 * @throws IllegalArgumentException when the value is not 1 to {@value #MAX_LENGTH} characters of
 *     {@code A-Z a-z 0-9 _ -}, or starts with {@code _} or {@code -}
 */
public record JobId(String value) {

  /** Longest id, so that the container name {@code tally-<job>-a<attempt>} stays a legal one. */
  public static final int MAX_LENGTH = 64;

  private static final Pattern LEGAL = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,63}");

  public JobId {
    if (!isLegal(value)) {
      throw new IllegalArgumentException(
          "Expected a job id of 1 to 64 characters A-Z a-z 0-9 _ -, but got %d characters"
              .formatted(value.length()));
    }
  }

  /** Whether the text could name a job. Use it on untrusted text instead of catching. */
  public static boolean isLegal(String text) {
    return LEGAL.matcher(text).matches();
  }

  @Override
  public String toString() {
    return value;
  }
}
