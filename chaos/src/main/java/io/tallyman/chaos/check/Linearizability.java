package io.tallyman.chaos.check;

import io.tallyman.chaos.history.ClientCall;
import io.tallyman.chaos.history.ClientCall.Outcome;
import io.tallyman.chaos.json.Json;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * I14: a search by Wing and Gong over the operations that one job met. Each took effect at one
 * moment between its call and its answer, one that nobody answered perhaps never; the end by itself
 * happened when the log says. Some order of these moments must explain all answers and the end that
 * the log has. Jobs are independent, so each search is small. Reads are not promised that much;
 * {@link Sessions} judges them.
 */
final class Linearizability {

  /** Above it the search could take long; a client does not talk so much about one job. */
  private static final int MAX_OPERATIONS = 24;

  private static final int NOT_FOUND = 404;

  private enum Kind {
    SUBMIT,
    CANCEL,
    CANCEL_UNKNOWN_JOB,
    END
  }

  private enum State {
    ABSENT,
    LIVE,
    ENDED
  }

  /**
   * @param answer status that was answered, or empty
   * @param isOptional whether it may have had no effect
   */
  private record Operation(Kind kind, long from, long to, String answer, boolean isOptional) {}

  /** Operations that have taken effect, one bit each, and what they led to. */
  private record Step(long done, State state) {}

  private final List<Operation> operations;
  private final String end;
  private final Set<Step> visited = new HashSet<>();

  private Linearizability(List<Operation> operations, String end) {
    this.operations = operations;
    this.end = end;
  }

  static void judge(Facts facts, Findings findings) {
    var lost = lostSubmissions(facts);
    for (var job : facts.jobs()) {
      var operations = operations(facts, job, lost);
      var isSubmitted =
          operations.stream()
              .anyMatch(operation -> operation.kind() == Kind.SUBMIT && !operation.isOptional());
      if (!isSubmitted || job.isRetried() || operations.size() > MAX_OPERATIONS) {
        continue;
      }
      findings.judged(Invariant.I14);
      var end = job.last().filter(Event::isEnd).map(Event::status).orElse("");
      if (!new Linearizability(operations, end).isExplained(0, State.ABSENT)) {
        findings.broken(
            Invariant.I14,
            job.id,
            job.calls.getLast().endedAt(),
            "Expected some order of these calls to explain their answers and the end %s, but there"
                    .formatted(end.isEmpty() ? "(none yet)" : end)
                + " is none",
            job.calls.stream()
                .filter(call -> Set.of("run", "cancel").contains(call.operation()))
                .map(Texts::of)
                .toArray());
      }
    }
  }

  /** By key: calls whose answer was lost, which may have made the job all the same. */
  private static Map<String, List<ClientCall>> lostSubmissions(Facts facts) {
    Map<String, List<ClientCall>> lost = new HashMap<>();
    for (var call : facts.calls) {
      var key = call.key();
      if (key != null && call.operation().equals("run") && call.outcome() == Outcome.INFO) {
        lost.computeIfAbsent(key, _ -> new ArrayList<>()).add(call);
      }
    }
    return lost;
  }

  private static List<Operation> operations(
      Facts facts, JobFile job, Map<String, List<ClientCall>> lost) {
    var operations = new ArrayList<Operation>();
    var keys = new HashSet<String>();
    for (var call : job.calls) {
      var key = call.key();
      if (key != null) {
        keys.add(key);
      }
      var isKnown = call.outcome() == Outcome.OK;
      var to = isKnown ? call.endedAt() : Long.MAX_VALUE;
      if (call.operation().equals("run") && isKnown) {
        operations.add(new Operation(Kind.SUBMIT, call.calledAt(), to, "", false));
      } else if (call.operation().equals("cancel") && call.outcome() != Outcome.FAIL) {
        var answer = Json.parse(call.response()).flatMap(json -> json.text("status")).orElse("");
        operations.add(
            new Operation(Kind.CANCEL, call.calledAt(), to, isKnown ? answer : "", !isKnown));
      } else if (call.operation().equals("cancel") && call.status() == NOT_FOUND) {
        operations.add(
            new Operation(Kind.CANCEL_UNKNOWN_JOB, call.calledAt(), call.endedAt(), "", false));
      }
    }
    for (var key : keys) {
      for (var call : lost.getOrDefault(key, List.of())) {
        operations.add(new Operation(Kind.SUBMIT, call.calledAt(), Long.MAX_VALUE, "", true));
      }
    }
    job.last()
        .filter(last -> last.isEnd() && !last.is("JobCancelled"))
        .ifPresent(last -> operations.add(end(facts, last)));
    return operations;
  }

  private static Operation end(Facts facts, Event last) {
    return facts.faults.isClockMoved(Faults.Part.BROKER)
        ? new Operation(Kind.END, Long.MIN_VALUE, Long.MAX_VALUE - 1, "", false)
        : new Operation(Kind.END, last.at() - Margins.CLOCK, last.at() + Margins.CLOCK, "", false);
  }

  /**
   * Whether the operations that are left can follow.
   *
   * @param done one bit for each that has taken effect
   */
  private boolean isExplained(long done, State state) {
    if (!visited.add(new Step(done, state))) {
      return false;
    }
    var firstEnd = Long.MAX_VALUE;
    var isDone = true;
    for (int i = 0; i < operations.size(); i++) {
      if ((done >> i & 1) == 0 && !operations.get(i).isOptional()) {
        isDone = false;
        firstEnd = Math.min(firstEnd, operations.get(i).to());
      }
    }
    if (isDone && state == (end.isEmpty() ? State.LIVE : State.ENDED)) {
      return true;
    }
    for (int i = 0; i < operations.size(); i++) {
      var operation = operations.get(i);
      if ((done >> i & 1) == 0 && operation.from() <= firstEnd) {
        var next = apply(operation, state);
        if (next != null && isExplained(done | 1L << i, next)) {
          return true;
        }
      }
    }
    return false;
  }

  /** The state after it; null when it cannot have been answered like that now. */
  private @Nullable State apply(Operation operation, State state) {
    var isCancelled = end.equals("CANCELLED");
    return switch (operation.kind()) {
      case SUBMIT -> state == State.ABSENT ? State.LIVE : state;
      case END -> state == State.LIVE ? State.ENDED : null;
      case CANCEL_UNKNOWN_JOB -> state == State.ABSENT ? state : null;
      case CANCEL ->
          switch (state) {
            case ABSENT -> operation.isOptional() ? state : null;
            case LIVE ->
                isCancelled && Set.of("CANCELLED", "").contains(operation.answer())
                    ? State.ENDED
                    : operation.isOptional() ? state : null;
            case ENDED -> operation.isOptional() || operation.answer().equals(end) ? state : null;
          };
    };
  }
}
