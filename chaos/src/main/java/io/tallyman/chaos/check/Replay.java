package io.tallyman.chaos.check;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * I4: decides every command of a job anew, by the table, and compares the answers with those on the
 * log. Says at most one thing about each job: after a wrong answer nothing that follows is sure.
 */
final class Replay {

  private final Facts facts;
  private final Findings findings;
  private final Set<String> served;
  private final long lease;
  private final int maxAttempts;

  private Replay(Facts facts, Findings findings) {
    this.facts = facts;
    this.findings = findings;
    this.served = facts.events.stream().map(Event::endpoint).collect(Collectors.toSet());
    this.lease = facts.history.run().leaseMillis();
    this.maxAttempts = facts.history.run().maxAttempts();
  }

  static void judge(Facts facts, Findings findings) {
    var replay = new Replay(facts, findings);
    for (var job : facts.jobs()) {
      if (!job.commands.isEmpty() || !job.events.isEmpty()) {
        replay.new One(job).judge();
      }
    }
  }

  /** One job: its state as the commands up to now made it. */
  private final class One {

    private final JobFile job;
    private final Queue<Event> events;
    private final Map<String, Queue<Rejection>> rejections = new HashMap<>();

    private String status = "(absent)";
    private int attempt;
    private int firstAttempt;
    private String runner = "";
    private String fingerprint = "";
    private long expiresAt;
    private long deadline;
    private long leaseUntil;

    One(JobFile job) {
      this.job = job;
      // By sequence: what is out of order is for I6 to say.
      var bySequence = new ArrayList<>(job.events);
      bySequence.sort(Comparator.comparingLong(Event::sequence));
      this.events = new ArrayDeque<>(bySequence);
      job.rejections.forEach(
          rejection ->
              rejections
                  .computeIfAbsent(rejection.commandId(), _ -> new ArrayDeque<>())
                  .add(rejection));
    }

    void judge() {
      for (var command : job.commands) {
        findings.judged(Invariant.I4);
        if (isForgettable() && command.is("Expire")) {
          // Its retention, which the history does not tell, may be over: from now on the job may
          // be known or not.
          return;
        }
        if (!isAnswered(command)) {
          return;
        }
      }
      var left = events.peek();
      if (left != null) {
        broken(
            left.at(),
            "Expected a command that led to %s, but there is none".formatted(left.type()),
            left);
      }
    }

    private boolean isAnswered(Command command) {
      var expected = answers(command);
      if (expected.contains("nothing")) {
        hold(command);
        return true;
      }
      if (expected.getFirst().startsWith("Job")) {
        return isEvent(command, expected);
      }
      return isRejection(command, expected.getFirst());
    }

    private boolean isEvent(Command command, List<String> expected) {
      var event = events.peek();
      if (event != null && event.time() == command.time() && expected.contains(event.type())) {
        events.remove();
        evolve(event, command);
        return true;
      }
      if (event == null && isTooYoung(command)) {
        return false;
      }
      broken(
          command.at(),
          "Expected %s of the same time after this command, in state %s, but the next event is %s"
              .formatted(
                  String.join(" or ", expected), state(), event == null ? "missing" : event.type()),
          command,
          event == null ? "No event is left" : event);
      return false;
    }

    private boolean isRejection(Command command, String code) {
      var answers = rejections.get(command.id());
      var rejection = answers == null ? null : answers.poll();
      if (rejection != null && rejection.code().equals(code)) {
        return true;
      }
      if (rejection == null && isTooYoung(command)) {
        return false;
      }
      broken(
          command.at(),
          "Expected the refusal %s of this command, in state %s, but found %s"
              .formatted(code, state(), rejection == null ? "none" : rejection.code()),
          command,
          rejection == null ? "No refusal names it" : rejection);
      return false;
    }

    /** What the table says; a lease that ended is an Expire that is due with another outcome. */
    private List<String> answers(Command command) {
      var time = command.time();
      if (command.is("Expire") && status.equals("IN_PROGRESS") && time < deadline) {
        return time < leaseUntil ? List.of("nothing") : lost();
      }
      var row = TransitionTable.PUBLISHED.row(state(), row(command));
      if (command.is("Release") && row.answer().equals("JobRequeued")) {
        return command.isLost() ? lost() : List.of("JobRequeued", "JobFailed");
      }
      return List.of(row.answer());
    }

    private List<String> lost() {
      // JobFailed too where the endpoint is gone, which a run does not do.
      return attempt - firstAttempt + 1 < maxAttempts
          ? List.of("JobRequeued")
          : List.of("JobFailed");
    }

    private String row(Command command) {
      return switch (command.type()) {
        case "Submit" -> {
          var isServed = served.contains(command.endpoint());
          var isSame = status.equals("(absent)") || command.fingerprint().equals(fingerprint);
          yield "Submit, "
              + (!isServed ? "unknown endpoint" : isSame ? "same request" : "other request");
        }
        case "Cancel", "Retry" -> command.type();
        case "Expire" -> "Expire, " + (command.time() >= expiry() ? "due" : "too early");
        default ->
            command.type()
                + ", "
                + (command.attempt() != attempt
                    ? "other attempt"
                    : isStartAfterTtl(command)
                        ? "after ttl"
                        : runner.isEmpty() || runner.equals(command.runner())
                            ? "current attempt"
                            : "other runner");
      };
    }

    private boolean isStartAfterTtl(Command command) {
      return command.is("Start") && status.equals("IN_QUEUE") && command.time() >= expiresAt;
    }

    private long expiry() {
      return status.equals("IN_PROGRESS") ? Math.min(deadline, leaseUntil) : expiresAt;
    }

    private String state() {
      return status.equals("IN_QUEUE") ? "IN_QUEUE, attempt " + Math.min(attempt, 2) : status;
    }

    /** A Renew, or a Start said twice, holds the attempt for another lease. */
    private void hold(Command command) {
      if (status.equals("IN_PROGRESS") && !command.is("Expire")) {
        leaseUntil = command.time() + lease;
      }
    }

    private void evolve(Event event, Command command) {
      status = event.status();
      if (event.is("JobQueued") || (event.is("JobRequeued") && command.is("Retry"))) {
        firstAttempt = event.attempt();
      }
      attempt = event.attempt();
      if (event.request() != null) {
        fingerprint = event.request().fingerprint();
      }
      if (status.equals("IN_QUEUE")) {
        expiresAt = event.expiresAt();
        runner = "";
      } else if (status.equals("IN_PROGRESS")) {
        runner = Objects.requireNonNullElse(event.runner(), "");
        deadline = event.deadline();
        leaseUntil = command.time() + lease;
      }
    }

    private boolean isForgettable() {
      return Set.of("COMPLETED", "CANCELLED", "FAILED", "TIMED_OUT").contains(status);
    }

    /** The run may have ended before it was decided. */
    private boolean isTooYoung(Command command) {
      var end = TimeUnit.MICROSECONDS.toMillis(facts.history.run().endedAt() - Margins.MIRROR);
      return command.time() > end && command.equals(job.commands.getLast());
    }

    private void broken(long at, String explanation, Object... evidence) {
      findings.broken(Invariant.I4, job.id, at, explanation, evidence);
    }
  }
}
