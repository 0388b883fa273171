package io.tallyman.chaos.check;

import io.tallyman.chaos.history.RedisSighting;
import java.util.Comparator;

/** I11 and I12. */
final class RedisRules {

  private RedisRules() {}

  static void judge(Facts facts, Findings findings) {
    for (var job : facts.jobs()) {
      views(facts, job, findings);
    }
    whole(facts, findings);
    expiries(facts, findings);
  }

  private static void views(Facts facts, JobFile job, Findings findings) {
    var views = new Views(job);
    RedisSighting before = null;
    for (var sighting : job.redis) {
      findings.judged(Invariant.I11);
      if (!views.isView(sighting.sequence(), sighting.view())) {
        findings.broken(
            Invariant.I11,
            job.id,
            sighting.at(),
            "Expected the view of event %d, but Redis shows another".formatted(sighting.sequence()),
            Texts.of(sighting),
            job.event(sighting.sequence()).map(Event::toString).orElse("no such event"));
        return;
      }
      if (isAhead(facts, job, sighting)) {
        findings.broken(
            Invariant.I11,
            job.id,
            sighting.at(),
            "Expected Redis never to be ahead of the log",
            Texts.of(sighting),
            job.event(sighting.sequence()).orElseThrow());
        return;
      }
      if (before != null
          && sighting.sequence() < before.sequence()
          && !mayHaveForgotten(facts, before.at(), sighting.at())) {
        findings.broken(
            Invariant.I11,
            job.id,
            sighting.at(),
            "Expected the sequence never to go back, but after %d came %d"
                .formatted(before.sequence(), sighting.sequence()),
            Texts.of(before),
            Texts.of(sighting));
        return;
      }
      before = sighting;
    }
  }

  private static boolean isAhead(Facts facts, JobFile job, RedisSighting sighting) {
    return !facts.faults.isClockMoved(Faults.Part.BROKER)
        && job.event(sighting.sequence())
            .filter(event -> event.at() > sighting.at() + Margins.CLOCK)
            .isPresent();
  }

  /** After Redis lost what it held, the mirror writes the last hour again, from its beginning. */
  private static boolean mayHaveForgotten(Facts facts, long from, long to) {
    return facts.faults.any(
        from - Margins.MIRROR_REBUILD - Margins.CLOCK,
        to,
        window -> window.isOn(Faults.Part.REDIS) && !window.isClock());
  }

  /** The last look, at rest: each job as the log has it, or gone with its time. */
  private static void whole(Facts facts, Findings findings) {
    var last =
        facts.history.redis().stream()
            .filter(RedisSighting::isLast)
            .max(Comparator.comparingLong(RedisSighting::at));
    if (last.isEmpty()) {
      if (!facts.history.redis().isEmpty() && !facts.events.isEmpty()) {
        findings.broken(
            Invariant.I11,
            "",
            facts.history.run().endedAt(),
            "Expected keys at the last look, but Redis was empty, or did not answer");
      }
      return;
    }
    var look = last.get().at();
    if (look < facts.history.run().healedAt() + Margins.MIRROR_REBUILD) {
      return;
    }
    for (var job : facts.jobs()) {
      var newest = job.last();
      if (newest.isEmpty() || newest.get().at() + Margins.MIRROR > look) {
        continue;
      }
      findings.judged(Invariant.I11);
      var seen = job.redis.stream().filter(RedisSighting::isLast).reduce((_, second) -> second);
      var event = newest.get();
      if (seen.isEmpty() && !mayBeGone(facts, event, look)) {
        findings.broken(
            Invariant.I11, job.id, look, "Expected a view at the last look, but found none", event);
      } else if (seen.isPresent() && seen.get().sequence() != event.sequence()) {
        findings.broken(
            Invariant.I11,
            job.id,
            look,
            "Expected the view of event %d at the last look, but found that of %d"
                .formatted(event.sequence(), seen.get().sequence()),
            Texts.of(seen.get()),
            event);
      }
    }
  }

  private static boolean mayBeGone(Facts facts, Event event, long look) {
    return event.at() + Margins.VIEW <= look + Margins.CLOCK
        || facts.faults.isClockMoved(Faults.Part.BROKER, Faults.Part.PROCESSOR)
        || facts.faults.any(
            0, look, window -> window.isOn(Faults.Part.REDIS) && window.isKind("memory", "evict"));
  }

  private static void expiries(Facts facts, Findings findings) {
    var mayLiveLonger = facts.faults.isClockMoved(Faults.Part.BROKER, Faults.Part.API);
    for (var sighting : facts.history.redis()) {
      var left = sighting.ttlMillis();
      if (left == -2) {
        // It was gone when it was asked for how long it would stay.
        continue;
      }
      findings.judged(Invariant.I12);
      if (left < 0 || (!mayLiveLonger && left * 1_000 > Margins.VIEW + Margins.CLOCK)) {
        findings.broken(
            Invariant.I12,
            sighting.key(),
            sighting.at(),
            "Expected it to expire within the hour, but it has %d ms".formatted(left),
            Texts.of(sighting));
      }
    }
  }
}
