package io.tallyman.cli;

import io.tallyman.runtime.Variable;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The {@code TALLY_*} variables that the services of this process are started with.
 *
 * @param variables by name; others than {@code TALLY_*} are not among them
 */
record Environment(Map<String, String> variables) {

  public Environment {
    variables = Map.copyOf(variables);
  }

  /**
   * What the user has set.
   *
   * @throws IllegalArgumentException when one is misspelt; names the nearest one
   */
  static Environment ofUser() {
    Variable.requireKnown(System.getenv(), ServiceCommands.variables());
    return new Environment(
        System.getenv().entrySet().stream()
            .filter(variable -> variable.getKey().startsWith(Variable.PREFIX))
            .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue)));
  }

  /** The same with a variable set, whatever the user has set. */
  Environment with(Variable<?> variable, String value) {
    var changed = new HashMap<>(variables);
    changed.put(variable.name(), value);
    return new Environment(changed);
  }

  /** The same with a variable set unless the user has set it. */
  Environment withDefault(Variable<?> variable, String value) {
    return text(variable).isPresent() ? this : with(variable, value);
  }

  /** What a variable is set to; nothing when it is unset or empty. */
  Optional<String> text(Variable<?> variable) {
    return Optional.ofNullable(variables.get(variable.name())).filter(text -> !text.isBlank());
  }

  /** Its value, or its fallback when it is unset. */
  <T> T value(Variable<T> variable) {
    return variable.from(variables);
  }
}
