package io.tallyman.chaos.check;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * I22, read as: no job of normal priority waits for its first start longer than three times the
 * median of its neighbours, the jobs of its endpoint queued just before and just after it, and
 * longer than {@link Margins#FAIR_WAIT}. Neighbours, because a backlog lets all wait; a fault
 * begins the wait anew. Low priority is meant to wait, and tenants there are none.
 */
final class Fairness {

  /** On each side. */
  private static final int NEIGHBOURS = 25;

  private static final int TIMES = 3;

  private record Wait(Event queued, Event started) {
    long micros() {
      return started.at() - queued.at();
    }
  }

  private Fairness() {}

  static void judge(Facts facts, Findings findings) {
    if (facts.faults.isClockMoved(Faults.Part.BROKER)) {
      return;
    }
    Map<String, List<Wait>> byEndpoint = new HashMap<>();
    for (var job : facts.jobs()) {
      if (job.events.size() > 1 && job.events.get(1).is("JobStarted")) {
        var queued = job.events.getFirst();
        var request = queued.request();
        if (request != null && !request.isLowPriority()) {
          byEndpoint
              .computeIfAbsent(queued.endpoint(), _ -> new ArrayList<>())
              .add(new Wait(queued, job.events.get(1)));
        }
      }
    }
    for (var waits : byEndpoint.values()) {
      waits.sort(Comparator.comparingLong(wait -> wait.queued().at()));
      judge(facts, waits, findings);
    }
  }

  private static void judge(Facts facts, List<Wait> waits, Findings findings) {
    for (int i = 0; i < waits.size(); i++) {
      findings.judged(Invariant.I22);
      var wait = waits.get(i);
      if (wait.micros() <= Margins.FAIR_WAIT) {
        continue;
      }
      var neighbours =
          waits
              .subList(Math.max(0, i - NEIGHBOURS), Math.min(waits.size(), i + NEIGHBOURS + 1))
              .stream()
              .mapToLong(Wait::micros)
              .sorted()
              .toArray();
      var median = neighbours[neighbours.length / 2];
      var fair = Math.max(Margins.FAIR_WAIT, TIMES * median);
      var limit =
          facts.faults.limit(
              wait.queued().at(),
              fair,
              Faults.Part.BROKER,
              Faults.Part.PROCESSOR,
              Faults.Part.RUNNER);
      if (wait.started().at() > limit) {
        findings.broken(
            Invariant.I22,
            wait.queued().job(),
            wait.started().at(),
            "Expected no wait beyond %d ms, where half of its neighbours waited %d ms, but it was %d ms"
                .formatted(
                    TimeUnit.MICROSECONDS.toMillis(fair),
                    TimeUnit.MICROSECONDS.toMillis(median),
                    TimeUnit.MICROSECONDS.toMillis(wait.micros())),
            wait.queued(),
            wait.started());
      }
    }
  }
}
