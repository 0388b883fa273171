package io.tallyman.chaos.check;

import io.tallyman.chaos.history.ContainerSighting;
import io.tallyman.chaos.history.ContainerSighting.Kind;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * I8 and I9. A container is known to live from its first sighting to its end, or to its last look.
 * Two may overlap where {@code docs/job-lifecycle.md} says so: the older one's runner was frozen or
 * dead, or the broker's clock jumped, or somebody retried a job that had timed out as it ran. A
 * runner cut off from Kafka is no excuse: it has to stop its container before the lease ends.
 */
final class ContainerRules {

  private ContainerRules() {}

  /**
   * One container.
   *
   * @param hasEnded whether its end was seen; if not, {@code to} is the last look that saw it
   */
  private record Life(String id, int attempt, String runner, long from, long to, boolean hasEnded) {

    @Override
    public String toString() {
      return "container %s attempt %d of %s: %s to %s%s"
          .formatted(
              id, attempt, runner, Texts.time(from), Texts.time(to), hasEnded ? "" : ", last seen");
    }
  }

  static void judge(Facts facts, Findings findings) {
    for (var job : facts.jobs()) {
      if (!job.containers.isEmpty()) {
        var lives = lives(job);
        oneEach(job, lives, findings);
        overlaps(facts, job, lives, findings);
        ends(facts, job, lives, findings);
      }
    }
    var run = facts.history.run();
    findings.judged(Invariant.I9);
    for (var left : run.leftContainers()) {
      findings.broken(
          Invariant.I9, "", run.endedAt(), "Expected no container when all was over", left);
    }
  }

  private static List<Life> lives(JobFile job) {
    Map<String, List<ContainerSighting>> byId = new LinkedHashMap<>();
    job.containers.forEach(
        sighting -> byId.computeIfAbsent(sighting.id(), _ -> new ArrayList<>()).add(sighting));
    return byId.values().stream()
        .map(
            seen ->
                new Life(
                    seen.getFirst().id(),
                    seen.getFirst().attempt(),
                    seen.stream()
                        .map(ContainerSighting::runner)
                        .filter(runner -> !runner.isEmpty())
                        .findFirst()
                        .orElse(""),
                    seen.getFirst().at(),
                    seen.getLast().at(),
                    seen.stream().anyMatch(one -> one.kind() == Kind.ENDED)))
        .sorted(Comparator.comparingLong(Life::from))
        .toList();
  }

  private static void oneEach(JobFile job, List<Life> lives, Findings findings) {
    for (int i = 0; i < lives.size(); i++) {
      findings.judged(Invariant.I8);
      for (int j = 0; j < i; j++) {
        if (lives.get(i).attempt() == lives.get(j).attempt()) {
          findings.broken(
              Invariant.I8,
              job.id,
              lives.get(i).from(),
              "Expected one container of attempt %d, but there are two"
                  .formatted(lives.get(i).attempt()),
              lives.get(j),
              lives.get(i));
          return;
        }
      }
    }
  }

  private static void overlaps(Facts facts, JobFile job, List<Life> lives, Findings findings) {
    for (int i = 0; i < lives.size(); i++) {
      for (int j = 0; j < i; j++) {
        var older = lives.get(j);
        var newer = lives.get(i);
        var overlap = Math.min(older.to(), newer.to()) - newer.from();
        if (overlap > Margins.LOOK && !isExcused(facts, job, older, newer)) {
          findings.broken(
              Invariant.I8,
              job.id,
              newer.from(),
              "Expected the containers of one job one after the other, but they overlap by %d ms"
                  .formatted(overlap / 1_000),
              older,
              newer);
          return;
        }
      }
    }
  }

  private static boolean isExcused(Facts facts, JobFile job, Life older, Life newer) {
    var lease = facts.history.run().leaseMillis() * 1_000;
    if (job.isRetried() && older.to() <= newer.from() + lease + Margins.LOOK) {
      return true;
    }
    // Long enough after the fault for the runner to come back and to stop what it finds.
    return facts.faults.any(
        older.from() - Margins.RECOVERY,
        older.to(),
        window ->
            (window.isClock() && window.isOn(Faults.Part.BROKER))
                || (window.isKind("kill", "freeze", "pause", "crash", "oom", "hang", "stop")
                    && window.isOnInstance(older.runner())
                    && older.to() <= window.end() + Margins.RECOVERY));
  }

  private static void ends(Facts facts, JobFile job, List<Life> lives, Findings findings) {
    for (var life : lives) {
      var over =
          job.events.stream()
              .filter(
                  event ->
                      (event.attempt() == life.attempt() && event.isEnd())
                          || (event.attempt() > life.attempt() && event.is("JobRequeued")))
              .findFirst();
      if (over.isEmpty()) {
        continue;
      }
      findings.judged(Invariant.I9);
      var limit =
          facts.faults.limit(
              Math.max(over.get().at(), life.from()),
              Margins.STOP + Margins.LOOK,
              Faults.Part.BROKER,
              Faults.Part.PROCESSOR,
              Faults.Part.RUNNER);
      if (life.to() > limit && !facts.faults.isClockMoved(Faults.Part.BROKER)) {
        findings.broken(
            Invariant.I9,
            job.id,
            life.to(),
            "Expected the container to go when its attempt was over, but it was there %d ms later"
                .formatted((life.to() - over.get().at()) / 1_000),
            over.get(),
            life);
      }
    }
  }
}
