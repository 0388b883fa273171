package io.tallyman.chaos.check;

import io.tallyman.chaos.history.ClientCall;
import io.tallyman.chaos.history.ClientCall.Outcome;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** I1 to I3: what was submitted is what the log has. */
final class Submissions {

  private Submissions() {}

  static void judge(Facts facts, Findings findings) {
    durable(facts, findings);
    phantoms(facts, findings);
    keys(facts, findings);
  }

  private static void durable(Facts facts, Findings findings) {
    for (var job : facts.jobs()) {
      var accepted =
          job.calls.stream()
              .filter(call -> call.operation().equals("run") && call.outcome() == Outcome.OK)
              .findFirst();
      if (accepted.isEmpty()) {
        continue;
      }
      findings.judged(Invariant.I1);
      var queued = job.events.stream().filter(event -> event.is("JobQueued")).toList();
      if (queued.size() != 1) {
        var hasSubmit = job.commands.stream().anyMatch(command -> command.is("Submit"));
        findings.broken(
            Invariant.I1,
            job.id,
            accepted.get().endedAt(),
            "Expected one JobQueued of a job that was accepted, but found %d; the log has %s Submit"
                .formatted(queued.size(), hasSubmit ? "its" : "no"),
            Texts.of(accepted.get()),
            job.commands,
            queued);
      }
    }
  }

  /** A call whose answer was lost does not know its job: its body, which no other has, does. */
  private static void phantoms(Facts facts, Findings findings) {
    Map<String, Integer> unknown = new HashMap<>();
    for (var call : facts.calls) {
      if (call.operation().equals("run") && call.outcome() == Outcome.INFO) {
        unknown.merge(Texts.sha256(call.request()), 1, Integer::sum);
      }
    }
    for (var event : facts.events) {
      var request = event.request();
      if (request == null) {
        continue;
      }
      findings.judged(Invariant.I2);
      if (!isAsked(facts, event, request.fingerprint(), unknown)) {
        findings.broken(
            Invariant.I2,
            event.job(),
            event.at(),
            "Expected a call that asked for this job and was not refused, but there is none",
            event);
      }
    }
  }

  private static boolean isAsked(
      Facts facts, Event event, String fingerprint, Map<String, Integer> unknown) {
    var isKnown =
        facts.file(event.job()).calls.stream()
            .anyMatch(call -> call.operation().equals("run") && call.outcome() == Outcome.OK);
    if (isKnown) {
      return true;
    }
    var left = unknown.getOrDefault(fingerprint, 0);
    unknown.put(fingerprint, left - 1);
    return left > 0;
  }

  private static void keys(Facts facts, Findings findings) {
    Map<String, List<ClientCall>> byKey = new LinkedHashMap<>();
    for (var call : facts.calls) {
      var key = call.key();
      if (key != null && call.operation().equals("run")) {
        byKey.computeIfAbsent(key, _ -> new ArrayList<>()).add(call);
      }
    }
    byKey.forEach((key, calls) -> key(key, calls, findings));
  }

  private static void key(String key, List<ClientCall> calls, Findings findings) {
    findings.judged(Invariant.I3);
    var accepted = calls.stream().filter(call -> call.outcome() == Outcome.OK).toList();
    if (accepted.stream().map(ClientCall::job).distinct().count() > 1) {
      findings.broken(
          Invariant.I3,
          String.valueOf(accepted.getLast().job()),
          accepted.getLast().endedAt(),
          "Expected one job under the key %s, but there are several".formatted(key),
          accepted.stream().map(Texts::of).toArray());
    }
    if (accepted.stream().map(ClientCall::request).distinct().count() > 1) {
      findings.broken(
          Invariant.I3,
          String.valueOf(accepted.getLast().job()),
          accepted.getLast().endedAt(),
          "Expected another body under the key %s to be refused, but it was accepted"
              .formatted(key),
          accepted.stream().map(Texts::of).toArray());
    }
  }
}
