package io.tallyman.runtime;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * One setting, read from an environment variable. The constants of this type are the single source
 * of {@code docs/configuration.md}, which a test compares with them.
 *
 * @param name such as {@code TALLY_WEBHOOK_DELAY}; every name begins with {@value #PREFIX}
 * @param fallback the text that stands when the variable is unset; empty: there is no value
 * @param description what it means, its unit, what the extremes do
 * @param parser from text; throws {@link IllegalArgumentException} with what was expected
 */
public record Variable<T>(
    String name, String fallback, String description, Function<String, T> parser) {

  /** How all of them begin. */
  public static final String PREFIX = "TALLY_";

  private static final String TEST_PREFIX = "TALLY_TEST_";
  private static final Pattern SIMPLE_DURATION = Pattern.compile("(\\d{1,12})(ms|s|m|h|d)");
  private static final Pattern SIZE = Pattern.compile("(\\d{1,12})\\s*(B|KiB|MiB|GiB|kB|MB|GB)?");

  /** Any text. */
  public static Variable<String> text(String name, String fallback, String description) {
    return new Variable<>(name, fallback, description, Function.identity());
  }

  /** Any text; none when unset. */
  public static Variable<Optional<String>> optionalText(String name, String description) {
    return new Variable<>(
        name, "", description, text -> text.isEmpty() ? Optional.empty() : Optional.of(text));
  }

  /** A whole number from {@code least} to {@code most}. */
  public static Variable<Integer> number(
      String name, int fallback, int least, int most, String description) {
    return new Variable<>(
        name,
        Integer.toString(fallback),
        description,
        text -> {
          try {
            var number = Integer.parseInt(text);
            if (number >= least && number <= most) {
              return number;
            }
          } catch (NumberFormatException e) {
            // Answered below, with the range.
          }
          throw new IllegalArgumentException(
              "Expected a whole number from %d to %d".formatted(least, most));
        });
  }

  /** A duration such as {@code 10s}, {@code 250ms} or ISO-8601's {@code PT10S}. */
  public static Variable<Duration> duration(String name, String fallback, String description) {
    return new Variable<>(name, fallback, description, Variable::parseDuration);
  }

  /** A file or folder; none when unset and there is no fallback. */
  public static Variable<Optional<Path>> path(String name, String fallback, String description) {
    return new Variable<>(
        name,
        fallback,
        description,
        text -> text.isEmpty() ? Optional.empty() : Optional.of(Path.of(text)));
  }

  /**
   * Its value in this environment.
   *
   * @throws IllegalArgumentException when the text is not a value; names the variable and the way
   *     out
   */
  public T from(Map<String, String> environment) {
    var text = environment.getOrDefault(name, fallback).strip();
    try {
      return parser.apply(text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "%s='%s': %s. %s".formatted(name, text, e.getMessage(), description), e);
    }
  }

  /**
   * Refuses a misspelt setting, which would otherwise be a silent default.
   *
   * @throws IllegalArgumentException when the environment has a {@value #PREFIX} variable that none
   *     of these is; names the nearest one
   */
  public static void requireKnown(
      Map<String, String> environment, Collection<Variable<?>> variables) {
    var known = new TreeSet<String>();
    variables.forEach(variable -> known.add(variable.name()));
    for (var name : new TreeSet<>(environment.keySet())) {
      // Those of the test suite may be around when it starts a service as a user would.
      if (name.startsWith(PREFIX) && !name.startsWith(TEST_PREFIX) && !known.contains(name)) {
        throw new IllegalArgumentException(
            "%s is no setting of Tallyman. Did you mean %s? All are in docs/configuration.md"
                .formatted(name, nearest(name, known)));
      }
    }
  }

  /** {@code 10s}, {@code 250ms}, {@code 5m}, {@code 1h}, {@code 7d}, or ISO-8601. */
  public static Duration parseDuration(String text) {
    var simple = SIMPLE_DURATION.matcher(text);
    if (simple.matches()) {
      var amount = Long.parseLong(simple.group(1));
      return switch (simple.group(2)) {
        case "ms" -> Duration.ofMillis(amount);
        case "s" -> Duration.ofSeconds(amount);
        case "m" -> Duration.ofMinutes(amount);
        case "h" -> Duration.ofHours(amount);
        default -> Duration.ofDays(amount);
      };
    }
    try {
      return Duration.parse(text);
    } catch (java.time.format.DateTimeParseException e) {
      throw new IllegalArgumentException("Expected a duration such as 10s, 250ms or PT10S", e);
    }
  }

  /** Bytes of {@code 64MiB}, {@code 20MB} or {@code 4096}. */
  public static long parseSize(String text) {
    var size = SIZE.matcher(text);
    if (!size.matches()) {
      throw new IllegalArgumentException("Expected a size such as 64MiB, 20MB or 4096");
    }
    var unit = Optional.ofNullable(size.group(2)).orElse("B");
    var factor =
        switch (unit) {
          case "KiB" -> 1L << 10;
          case "MiB" -> 1L << 20;
          case "GiB" -> 1L << 30;
          case "kB" -> 1_000L;
          case "MB" -> 1_000_000L;
          case "GB" -> 1_000_000_000L;
          default -> 1L;
        };
    try {
      return Math.multiplyExact(Long.parseLong(size.group(1)), factor);
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException("Expected a size below 8 EiB", e);
    }
  }

  private static String nearest(String name, Collection<String> known) {
    return known.stream()
        .min(Comparator.comparingInt(candidate -> distance(name, candidate)))
        .orElse("nothing");
  }

  /** Levenshtein's edit distance. */
  private static int distance(String a, String b) {
    var previous = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      previous[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      var row = new int[b.length() + 1];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        var change = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        row[j] = Math.min(Math.min(row[j - 1], previous[j]) + 1, previous[j - 1] + change);
      }
      previous = row;
    }
    return previous[b.length()];
  }

  @Override
  public String toString() {
    return name.toUpperCase(Locale.ROOT);
  }
}
