package io.tallyman.chaos.check;

import io.tallyman.chaos.history.ClientCall;
import io.tallyman.chaos.history.ClientCall.Outcome;
import io.tallyman.chaos.json.Json;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * I13: what one client is told of one job. An answer shows a state, not a sequence, so it is read
 * as the earliest event that agrees with what the client has seen. Clients take the apis by turns,
 * and these follow the log at different distances: an answer may be older than the one before, but
 * only by {@link Margins#READ_LAG}, or by a fault.
 */
final class Sessions {

  private static final int NOT_FOUND = 404;

  private static final Faults.Part[] READ_PATH = {
    Faults.Part.REDIS, Faults.Part.API, Faults.Part.PROCESSOR, Faults.Part.BROKER
  };

  private Sessions() {}

  static void judge(Facts facts, Findings findings) {
    for (var job : facts.jobs()) {
      if (!job.calls.isEmpty()) {
        new One(facts, job, findings).judge();
      }
    }
  }

  /** What a client was told, and the line that says so. */
  private record Seen(long sequence, String line) {
    static final Seen NOTHING = new Seen(0, "");
  }

  private static final class One {

    private final Facts facts;
    private final JobFile job;
    private final Findings findings;
    private final Views views;

    /** By client: the newest sequence it was told of, and the call that accepted its job. */
    private final Map<String, Seen> seen = new HashMap<>();

    private final Map<String, ClientCall> accepted = new HashMap<>();

    One(Facts facts, JobFile job, Findings findings) {
      this.facts = facts;
      this.job = job;
      this.findings = findings;
      this.views = new Views(job);
    }

    void judge() {
      for (var call : job.calls) {
        if (call.status() == NOT_FOUND) {
          lost(call);
        } else if (call.outcome() == Outcome.OK) {
          switch (call.operation()) {
            case "run" -> accepted.putIfAbsent(call.client(), call);
            case "status" -> read(call, earliest(call));
            case "history" -> read(call, history(call));
            case "cancel" -> cancelled(call);
            default -> {
              // Not about a job.
            }
          }
        }
      }
    }

    private void lost(ClientCall call) {
      var own = accepted.get(call.client());
      if (own == null || call.calledAt() < own.endedAt()) {
        return;
      }
      findings.judged(Invariant.I13);
      broken(call, "Expected a job that this client was told of, but the answer is 404", own);
    }

    private void read(ClientCall call, Optional<Long> sequence) {
      findings.judged(Invariant.I13);
      if (sequence.isEmpty()) {
        broken(call, "Expected a state that the log has, but the answer shows another");
        return;
      }
      var newest = seen.getOrDefault(call.client(), Seen.NOTHING);
      if (sequence.get() >= newest.sequence()) {
        seen.put(call.client(), new Seen(sequence.get(), Texts.of(call)));
      } else if (!isLagging(call, sequence.get())) {
        broken(
            call,
            "Expected no older state than that of event %d, but the answer is that of event %d"
                .formatted(newest.sequence(), sequence.get()),
            newest.line());
      }
    }

    private boolean isLagging(ClientCall call, long sequence) {
      return job.event(sequence + 1)
          .filter(
              next -> call.calledAt() <= facts.faults.limit(next.at(), Margins.READ_LAG, READ_PATH))
          .isPresent();
    }

    /** The earliest event from the newest seen on that the answer shows; else any. */
    private Optional<Long> earliest(ClientCall call) {
      var newest = seen.getOrDefault(call.client(), Seen.NOTHING).sequence();
      for (long sequence = newest; sequence <= job.events.size(); sequence++) {
        if (views.isView(sequence, call.response())) {
          return Optional.of(sequence);
        }
      }
      for (long sequence = newest - 1; sequence >= 0; sequence--) {
        if (views.isView(sequence, call.response())) {
          return Optional.of(sequence);
        }
      }
      return Optional.empty();
    }

    private Optional<Long> history(ClientCall call) {
      var lines =
          Json.parse(call.response()).map(json -> json.at("events").elements()).orElse(List.of());
      for (int i = 0; i < lines.size(); i++) {
        var logged = job.event(i + 1L).flatMap(event -> Json.parse(event.record().value()));
        if (!logged.equals(Optional.of(lines.get(i).at("event")))) {
          return Optional.empty();
        }
      }
      return Optional.of((long) lines.size());
    }

    private void cancelled(ClientCall call) {
      findings.judged(Invariant.I13);
      var status = Json.parse(call.response()).flatMap(json -> json.text("status")).orElse("none");
      var isSaidByLog =
          job.events.stream().anyMatch(event -> event.isEnd() && event.status().equals(status));
      if (!isSaidByLog) {
        broken(
            call,
            "Expected cancel to answer how the job ended, but the log does not say " + status,
            job.last().map(Event::toString).orElse("The log has no event of it"));
      }
    }

    private void broken(ClientCall call, String explanation, Object... more) {
      var evidence = new ArrayList<Object>();
      for (var one : more) {
        evidence.add(one instanceof ClientCall earlier ? Texts.of(earlier) : one);
      }
      evidence.add(Texts.of(call));
      findings.broken(Invariant.I13, job.id, call.endedAt(), explanation, evidence.toArray());
    }
  }
}
