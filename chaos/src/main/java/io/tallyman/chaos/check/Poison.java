package io.tallyman.chaos.check;

import io.tallyman.chaos.history.LogRecord;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * I25. What is poison the checker decides itself, see {@link Facts#unreadable}. One dead letter
 * each, but where a dispatcher or a runner was killed before its commit, which may write it again.
 * Orders to runners are left out: one that is down when it is written never sees it.
 */
final class Poison {

  private Poison() {}

  static void judge(Facts facts, Findings findings) {
    Map<String, List<LogRecord>> letters = new HashMap<>();
    for (var record : facts.history.log()) {
      if (record.topic().equals("dead-letters")) {
        var origin = record.headers().getOrDefault("tallyman-origin", "");
        letters.computeIfAbsent(origin, _ -> new ArrayList<>()).add(record);
      }
    }
    for (var record : facts.unreadable) {
      var its = letters.getOrDefault(Facts.position(record), List.of());
      var hasAllDetails =
          its.stream().allMatch(it -> !it.headers().getOrDefault("tallyman-reason", "").isEmpty());
      if ((its.isEmpty() && !isDue(facts, record)) || record.topic().equals("job-control")) {
        continue;
      }
      findings.judged(Invariant.I25);
      var isRight = its.size() == 1 || (its.size() > 1 && mayBeWrittenAgain(facts, record));
      if (!isRight || !hasAllDetails) {
        findings.broken(
            Invariant.I25,
            String.valueOf(record.key()),
            TimeUnit.MILLISECONDS.toMicros(record.timestamp()),
            "Expected one dead letter, with a reason, of a record that nobody can read, found %d"
                .formatted(its.size()),
            line(record),
            its.stream().map(Poison::line).toList());
      }
    }
    for (var record : facts.buried) {
      findings.judged(Invariant.I25);
      findings.broken(
          Invariant.I25,
          String.valueOf(record.key()),
          TimeUnit.MILLISECONDS.toMicros(record.timestamp()),
          "Expected no dead letter of a record that can be read",
          line(record),
          letters.getOrDefault(Facts.position(record), List.of()).stream()
              .map(Poison::line)
              .toList());
    }
  }

  private static boolean isDue(Facts facts, LogRecord record) {
    var at = TimeUnit.MILLISECONDS.toMicros(record.timestamp());
    return facts.faults.limit(at, Margins.WEBHOOK_WAIT, Faults.Part.values())
        <= facts.history.run().endedAt();
  }

  private static boolean mayBeWrittenAgain(Facts facts, LogRecord record) {
    return !record.topic().equals("job-commands")
        && facts.faults.any(
            0,
            Long.MAX_VALUE,
            window ->
                window.isOn(Faults.Part.DISPATCHER)
                    || window.isOn(Faults.Part.RUNNER)
                    || window.isOn(Faults.Part.BROKER));
  }

  private static String line(LogRecord record) {
    return "%s key %s headers %s value %s"
        .formatted(Facts.position(record), record.key(), record.headers(), record.value());
  }
}
