package io.tallyman.chaos.check;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * I18, by the receiver's clock: between an attempt that failed and the next lies the delay, and
 * little more. Two dispatchers may both be at one delivery, one of them a zombie, so the attempt
 * before is any of the number before that fits. Attempts that reached nobody are not seen; the
 * product has no breaker and promises nothing about {@code Retry-After}.
 */
final class WebhookSchedule {

  private WebhookSchedule() {}

  static void judge(Facts facts, Findings findings) {
    for (var job : facts.jobs()) {
      Map<String, List<Delivery>> byId = new HashMap<>();
      for (var delivery : job.deliveries) {
        if (delivery.isRedelivery()) {
          continue;
        }
        var before = byId.computeIfAbsent(delivery.id(), _ -> new ArrayList<>());
        next(facts, job, delivery, before, findings);
        before.add(delivery);
      }
      job.deadLetters.forEach(letter -> letter(facts, job, letter, findings));
    }
  }

  private static void next(
      Facts facts, JobFile job, Delivery delivery, List<Delivery> seen, Findings findings) {
    var run = facts.history.run();
    if (delivery.attempt() > run.webhookAttempts()) {
      findings.judged(Invariant.I18);
      findings.broken(
          Invariant.I18,
          job.id,
          delivery.at(),
          "Expected at most %d attempts".formatted(run.webhookAttempts()),
          delivery);
      return;
    }
    var before = seen.stream().filter(other -> other.attempt() == delivery.attempt() - 1).toList();
    if (before.isEmpty()) {
      return;
    }
    findings.judged(Invariant.I18);
    var delay = run.webhookDelayMillis() * 1_000;
    var newest = before.getLast();
    if (before.stream().noneMatch(it -> delivery.at() - it.at() >= delay - Margins.TICK)) {
      findings.broken(
          Invariant.I18,
          job.id,
          delivery.at(),
          "Expected %d ms between two attempts, but it was %d"
              .formatted(run.webhookDelayMillis(), (delivery.at() - newest.at()) / 1_000),
          newest,
          delivery);
      return;
    }
    var limit =
        facts.faults.limit(
            newest.at(),
            Margins.WEBHOOK_DEADLINE + delay + Margins.WEBHOOK_WAIT,
            Faults.Part.DISPATCHER,
            Faults.Part.BROKER);
    if (delivery.at() > limit) {
      findings.broken(
          Invariant.I18,
          job.id,
          delivery.at(),
          "Expected the next attempt after %d ms, but it took %d"
              .formatted(run.webhookDelayMillis(), (delivery.at() - newest.at()) / 1_000),
          newest,
          delivery);
    }
  }

  private static void letter(Facts facts, JobFile job, WebhookReport letter, Findings findings) {
    findings.judged(Invariant.I18);
    var isEarly =
        letter.attempt() < facts.history.run().webhookAttempts()
            && !letter.outcome().equals("invalid");
    if (letter.isDelivered() || isEarly) {
      findings.broken(
          Invariant.I18,
          job.id,
          letter.at(),
          "Expected %d failed attempts before it is given up"
              .formatted(facts.history.run().webhookAttempts()),
          letter);
    }
  }
}
