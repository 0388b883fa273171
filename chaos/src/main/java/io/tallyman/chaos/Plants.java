package io.tallyman.chaos;

import java.util.Map;

/**
 * Bugs that can be planted into the services, to see that a run finds them: by name, the variables
 * that the services are started with.
 */
final class Plants {

  private static final Map<String, Map<String, String>> TABLE = Map.of();

  private Plants() {}

  /**
   * The variables of a bug.
   *
   * @throws IllegalArgumentException when there is none of that name
   */
  static Map<String, String> variables(String name) {
    var variables = TABLE.get(name);
    if (variables == null) {
      throw new IllegalArgumentException(
          "no bug '%s' can be planted; there are: %s".formatted(name, TABLE.keySet()));
    }
    return variables;
  }
}
