package io.tallyman.chaos.check;

import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** I4 to I7 and the times in events: what the events of a job alone tell. */
final class EventRules {

  private EventRules() {}

  static void judge(Facts facts, Findings findings) {
    for (var job : facts.jobs()) {
      order(job, findings);
      life(job, findings);
    }
  }

  /** I6. */
  private static void order(JobFile job, Findings findings) {
    Event before = null;
    for (var event : job.events) {
      findings.judged(Invariant.I6);
      var expected = before == null ? 1 : before.sequence() + 1;
      if (before != null && event.record().partition() != before.record().partition()) {
        findings.broken(
            Invariant.I6,
            job.id,
            event.at(),
            "Expected all events in one partition",
            before,
            event);
        return;
      }
      if (event.sequence() != expected) {
        findings.broken(
            Invariant.I6,
            job.id,
            event.at(),
            "Expected sequence %d next in the order of offsets, but found %d"
                .formatted(expected, event.sequence()),
            evidence(before, event));
        return;
      }
      var id = event.record().headers().get("ce_id");
      if (!(job.id + ":" + event.sequence()).equals(id)) {
        findings.broken(
            Invariant.I6,
            job.id,
            event.at(),
            "Expected ce_id to be the job and the sequence, but it is " + id,
            event);
        return;
      }
      before = event;
    }
  }

  /** I4, I5 and I7. The first wrong step of each kind is told; the fold goes on. */
  private static void life(JobFile job, Findings findings) {
    var status = "(absent)";
    Event before = null;
    @Nullable String runner = null;
    var attempt = 0;
    for (var event : job.events) {
      findings.judged(Invariant.I4);
      findings.judged(Invariant.I7);
      if (before != null && before.isEnd()) {
        findings.judged(Invariant.I5);
      }
      var isLegal =
          TransitionTable.PUBLISHED.allows(status, event.type())
              && (before == null || !before.isEnd() || event.reason().startsWith("retried"));
      if (!isLegal) {
        var isAfterEnd = before != null && before.isEnd();
        findings.broken(
            isAfterEnd ? Invariant.I5 : Invariant.I4,
            job.id,
            event.at(),
            "Expected nothing like %s of a job that is %s".formatted(event.type(), status),
            evidence(before, event));
        return;
      }
      var expected = event.is("JobQueued") ? 1 : event.is("JobRequeued") ? attempt + 1 : attempt;
      if (event.attempt() != expected) {
        findings.broken(
            Invariant.I7,
            job.id,
            event.at(),
            "Expected attempt %d, but %s is of attempt %d"
                .formatted(expected, event.type(), event.attempt()),
            evidence(before, event));
        return;
      }
      if (status.equals("IN_PROGRESS")
          && event.isEnd()
          && !Objects.equals(event.runner(), runner)) {
        findings.broken(
            Invariant.I7,
            job.id,
            event.at(),
            "Expected the word of runner %s, which started the attempt, but %s is of %s"
                .formatted(runner, event.type(), event.runner()),
            evidence(before, event));
        return;
      }
      runner = event.is("JobStarted") ? event.runner() : runner;
      attempt = event.attempt();
      status = event.status();
      before = event;
    }
  }

  /** I19 and I20. */
  static void limits(Facts facts, Findings findings) {
    for (var job : facts.jobs()) {
      var request = job.request();
      if (request.isPresent()) {
        new Limits(facts, findings, job, request.get()).judge();
      }
    }
  }

  private record Limits(Facts facts, Findings findings, JobFile job, Event.Request request) {

    void judge() {
      Event queued = null;
      Event started = null;
      long expiresAt = 0;
      for (var event : job.events) {
        if (event.status().equals("IN_QUEUE")) {
          var isNew = queued == null || event.reason().startsWith("retried");
          var expected = isNew ? event.time() + request.ttl() : expiresAt;
          findings.judged(Invariant.I20);
          if (event.expiresAt() != expected) {
            broken(Invariant.I20, event, "Expected ttl to end it at " + time(expected), event);
          }
          expiresAt = event.expiresAt();
          queued = event;
          started = null;
        } else if (event.is("JobStarted") && queued != null) {
          started = event;
          start(queued, event, expiresAt);
        } else if (event.isEnd() && queued != null) {
          end(queued, started, event, expiresAt);
        }
      }
    }

    private void start(Event queued, Event started, long expiresAt) {
      findings.judged(Invariant.I20);
      if (isLate(started, expiresAt)) {
        broken(
            Invariant.I20,
            started,
            "Expected no start after ttl ended it at " + time(expiresAt),
            queued,
            started);
      }
      var deadline = Math.min(expiresAt, started.time() + request.executionTimeout());
      findings.judged(Invariant.I19);
      if (started.deadline() != deadline) {
        broken(
            Invariant.I19,
            started,
            "Expected the deadline %s, but it is %s"
                .formatted(time(deadline), time(started.deadline())),
            queued,
            started);
      }
    }

    private void end(Event queued, @Nullable Event started, Event end, long expiresAt) {
      var isTtl = end.reason().startsWith("ttl:");
      if (end.is("JobTimedOut") && (isTtl || started == null)) {
        findings.judged(Invariant.I20);
        inTime(Invariant.I20, "ttl", queued, end, expiresAt);
      } else if (end.is("JobTimedOut") && started != null) {
        findings.judged(Invariant.I19);
        inTime(Invariant.I19, "executionTimeout", started, end, started.deadline());
      } else if (started != null) {
        findings.judged(Invariant.I19);
        if (isLate(end, started.deadline())) {
          broken(
              Invariant.I19,
              end,
              "Expected it to be timed out at " + time(started.deadline()) + ", but it went on",
              started,
              end);
        }
      }
    }

    private void inTime(Invariant invariant, String limit, Event begin, Event end, long deadline) {
      if (end.time() < deadline) {
        broken(
            invariant,
            end,
            "Expected %s to end it at %s and never before, but it ended %d ms early"
                .formatted(limit, time(deadline), deadline - end.time()),
            begin,
            end);
      } else if (isLate(end, deadline)) {
        broken(
            invariant,
            end,
            "Expected %s to end it at %s, but it ended %d ms late"
                .formatted(limit, time(deadline), end.time() - deadline),
            begin,
            end);
      }
    }

    /** Also the clock that tells what is due may have been moved: then lateness proves nothing. */
    private boolean isLate(Event event, long deadline) {
      var due = TimeUnit.MILLISECONDS.toMicros(deadline);
      if (event.at() <= due + Margins.TIMEOUT) {
        return false;
      }
      var parts = new Faults.Part[] {Faults.Part.BROKER, Faults.Part.PROCESSOR};
      return !facts.faults.isClockMoved(parts)
          && event.at() > facts.faults.limit(due, Margins.TIMEOUT, parts);
    }

    private void broken(Invariant invariant, Event at, String explanation, Event... evidence) {
      findings.broken(invariant, job.id, at.at(), explanation, (Object[]) evidence);
    }

    private static String time(long millis) {
      return Texts.time(TimeUnit.MILLISECONDS.toMicros(millis));
    }
  }

  private static Object[] evidence(@Nullable Event before, Event event) {
    return before == null ? new Object[] {event} : new Object[] {before, event};
  }
}
