package io.tallyman.chaos.http;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What a client reads in an answer of the API: its first two members, which are {@code id} and
 * {@code status}.
 */
public final class Answers {

  private static final Pattern BEGIN =
      Pattern.compile("\\{\"id\":\"([^\"]+)\",\"status\":\"([A-Z_]+)\"");

  private Answers() {}

  /** The id. */
  public static Optional<String> id(String answer) {
    var begin = BEGIN.matcher(answer);
    return begin.lookingAt() ? Optional.of(begin.group(1)) : Optional.empty();
  }

  /** Whether it says that the job has ended. */
  public static boolean isEnd(String answer) {
    var begin = BEGIN.matcher(answer);
    return begin.lookingAt() && !begin.group(2).startsWith("IN_");
  }
}
