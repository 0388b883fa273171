package io.tallyman.chaos.check;

import io.tallyman.chaos.history.ClientCall.Outcome;
import io.tallyman.chaos.json.Json;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * I26: {@code health}, asked when nothing happens any more, counts what the log has. A history does
 * not say whose endpoint was asked about, so it must be that of one of them.
 */
final class Totals {

  private static final List<String> COUNTS =
      List.of("completed", "failed", "inProgress", "inQueue", "retried");

  private Totals() {}

  static void judge(Facts facts, Findings findings) {
    var newest = facts.events.stream().mapToLong(Event::at).max();
    if (newest.isEmpty()) {
      return;
    }
    var from =
        facts.faults.limit(
            newest.getAsLong(), Margins.READ_LAG, Faults.Part.API, Faults.Part.BROKER);
    var counts = counts(facts);
    for (var call : facts.calls) {
      if (!call.operation().equals("health")
          || call.outcome() != Outcome.OK
          || call.calledAt() < from) {
        continue;
      }
      findings.judged(Invariant.I26);
      var jobs = Json.parse(call.response()).map(json -> json.at("jobs"));
      var answered =
          COUNTS.stream()
              .map(name -> jobs.map(json -> json.number(name).orElse(-1)).orElse(-1L))
              .toList();
      if (!counts.containsValue(answered)) {
        findings.broken(
            Invariant.I26,
            "",
            call.endedAt(),
            "Expected the counts %s of the log, by endpoint %s, but health says %s"
                .formatted(COUNTS, counts, answered),
            Texts.of(call));
      }
    }
  }

  private static Map<String, List<Long>> counts(Facts facts) {
    Map<String, long[]> byEndpoint = new HashMap<>();
    for (var job : facts.jobs()) {
      var last = job.last();
      if (last.isPresent()) {
        var counts = byEndpoint.computeIfAbsent(last.get().endpoint(), _ -> new long[5]);
        switch (last.get().status()) {
          case "COMPLETED" -> counts[0]++;
          case "FAILED", "TIMED_OUT" -> counts[1]++;
          case "IN_PROGRESS" -> counts[2]++;
          case "IN_QUEUE" -> counts[3]++;
          default -> {
            // CANCELLED is not counted.
          }
        }
        counts[4] += job.events.stream().filter(event -> event.is("JobRequeued")).count();
      }
    }
    var lists = new HashMap<String, List<Long>>();
    byEndpoint.forEach(
        (endpoint, counts) -> lists.put(endpoint, Arrays.stream(counts).boxed().toList()));
    return lists;
  }
}
