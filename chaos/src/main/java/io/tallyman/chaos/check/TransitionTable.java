package io.tallyman.chaos.check;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.chaos.json.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * The rules of a job's life as data: {@code transitions.json}, whose rows are those of {@code
 * docs/job-lifecycle.md}; a test compares.
 */
final class TransitionTable {

  /** The one there is. */
  static final TransitionTable PUBLISHED = read();

  /**
   * One row.
   *
   * @param answer an event, the code of a refusal, or {@code nothing}
   */
  record Row(String state, String command, String after, String answer) {}

  private final List<Row> rows;
  private final Map<String, Row> byStateAndCommand = new HashMap<>();
  private final Map<String, Set<String>> events = new HashMap<>();

  private TransitionTable(List<Row> rows) {
    this.rows = List.copyOf(rows);
    for (var row : rows) {
      byStateAndCommand.put(row.state() + "|" + row.command(), row);
      if (row.answer().startsWith("Job")) {
        events.computeIfAbsent(withoutAttempt(row.state()), _ -> new HashSet<>()).add(row.answer());
      }
    }
  }

  List<Row> rows() {
    return rows;
  }

  /** What is answered to a command in a state. */
  Row row(String state, String command) {
    return Objects.requireNonNull(
        byStateAndCommand.get(state + "|" + command), () -> state + "|" + command);
  }

  /** Whether a job with this status may come to this event. */
  boolean allows(String status, String event) {
    return events.getOrDefault(status, Set.of()).contains(event);
  }

  private static String withoutAttempt(String state) {
    var comma = state.indexOf(',');
    return comma < 0 ? state : state.substring(0, comma);
  }

  private static TransitionTable read() {
    try (var in = TransitionTable.class.getResourceAsStream("transitions.json")) {
      var text = new String(Objects.requireNonNull(in).readAllBytes(), UTF_8);
      var rows = new ArrayList<Row>();
      for (var row : Json.parse(text).orElseThrow().elements()) {
        rows.add(
            new Row(
                row.text("state").orElseThrow(),
                row.text("command").orElseThrow(),
                row.text("after").orElseThrow(),
                row.text("answer").orElseThrow()));
      }
      return new TransitionTable(rows);
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to read the resource transitions.json", e);
    }
  }
}
