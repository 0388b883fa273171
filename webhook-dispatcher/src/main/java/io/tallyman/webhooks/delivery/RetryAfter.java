package io.tallyman.webhooks.delivery;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.regex.Pattern;

/** The header {@code retry-after} (RFC 9110, 10.2.3): seconds, or a date. */
final class RetryAfter {

  /** Longest wish that is granted: what waits takes memory, and holds up its job. */
  static final Duration CAP = Duration.ofSeconds(60);

  private static final Pattern SECONDS = Pattern.compile("\\d{1,18}");

  private RetryAfter() {}

  /**
   * How long the receiver wants to be left alone, at most {@link #CAP}.
   *
   * @param text as it came
   * @return empty when it is neither form; zero when that is past
   */
  static Optional<Duration> parse(String text, Instant now) {
    var value = text.strip();
    if (SECONDS.matcher(value).matches()) {
      return Optional.of(capped(Duration.ofSeconds(Long.parseLong(value))));
    }
    try {
      var date = ZonedDateTime.parse(value, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
      return Optional.of(date.isAfter(now) ? capped(Duration.between(now, date)) : Duration.ZERO);
    } catch (DateTimeException | ArithmeticException _) {
      return Optional.empty();
    }
  }

  private static Duration capped(Duration wish) {
    return wish.compareTo(CAP) > 0 ? CAP : wish;
  }
}
