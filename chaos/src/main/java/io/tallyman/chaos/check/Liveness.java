package io.tallyman.chaos.check;

import io.tallyman.chaos.history.ClientCall;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** I21: when the faults are over, every job ends and every client is answered. */
final class Liveness {

  /** Of each client, at the end. */
  private static final int LAST_CALLS = 5;

  private Liveness() {}

  static void judge(Facts facts, Findings findings) {
    for (var job : facts.jobs()) {
      var last = job.last();
      if (last.isPresent()) {
        judge(facts, job, last.get(), findings);
      }
    }
    Map<String, List<ClientCall>> byClient = new HashMap<>();
    facts.calls.forEach(
        call -> byClient.computeIfAbsent(call.client(), _ -> new ArrayList<>()).add(call));
    byClient.values().forEach(calls -> answers(facts, calls, findings));
  }

  /** When the job has to have ended. */
  static long limit(Facts facts, JobFile job) {
    var run = facts.history.run();
    var begun =
        job.events.stream()
            .filter(event -> event.is("JobQueued") || event.reason().startsWith("retried"))
            .reduce((_, second) -> second)
            .map(Event::at)
            .orElse(0L);
    var own = job.request().map(Liveness::ownTime).orElse(0L);
    return Math.max(run.healedAt(), begun) + TimeUnit.MILLISECONDS.toMicros(own) + Margins.ENDS;
  }

  /** How long it may take by its own doing, in milliseconds. */
  private static long ownTime(Event.Request request) {
    return switch (request.program()) {
      case "succeed", "noisy", "sleep", "fail", "ignore-term" ->
          Math.min(request.sleepMillis(), request.executionTimeout());
      default -> request.executionTimeout();
    };
  }

  private static void judge(Facts facts, JobFile job, Event last, Findings findings) {
    var limit = limit(facts, job);
    if (limit > facts.history.run().endedAt() && !last.isEnd()) {
      // The run did not wait for it: Coverage says so.
      return;
    }
    findings.judged(Invariant.I21);
    if (!last.isEnd() || last.at() > limit) {
      findings.broken(
          Invariant.I21,
          job.id,
          last.isEnd() ? last.at() : facts.history.run().endedAt(),
          "Expected the job to end by %s, but it %s"
              .formatted(
                  Texts.time(limit),
                  last.isEnd()
                      ? "ended at " + Texts.time(last.at())
                      : "never did: it is " + last.status()),
          last);
    }
  }

  private static void answers(Facts facts, List<ClientCall> calls, Findings findings) {
    var from = facts.history.run().healedAt() + Margins.API_READY;
    var last =
        calls.subList(Math.max(0, calls.size() - LAST_CALLS), calls.size()).stream()
            .filter(call -> call.calledAt() >= from)
            .toList();
    for (var call : last) {
      findings.judged(Invariant.I21);
      // A 4xx is an answer, and often the one that was asked for.
      if (call.status() < 200 || call.status() >= 500) {
        findings.broken(
            Invariant.I21,
            call.job() == null ? "" : call.job(),
            call.endedAt(),
            "Expected every client's last %d calls to be answered after the heal"
                .formatted(LAST_CALLS),
            Texts.of(call));
        return;
      }
    }
  }
}
