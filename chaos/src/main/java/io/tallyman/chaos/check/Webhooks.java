package io.tallyman.chaos.check;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.InvalidKeyException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** I15 to I17: what the receiver got of each event. */
final class Webhooks {

  private final Facts facts;
  private final Findings findings;
  private final Mac mac;

  private Webhooks(Facts facts, Findings findings) {
    this.facts = facts;
    this.findings = findings;
    this.mac = mac(facts.history.run().webhookSecret());
  }

  static void judge(Facts facts, Findings findings) {
    var webhooks = new Webhooks(facts, findings);
    for (var job : facts.jobs()) {
      webhooks.arrivals(job);
      webhooks.phantoms(job);
      webhooks.order(job);
      webhooks.identity(job);
    }
    facts.deliveries.forEach(webhooks::signature);
  }

  private void arrivals(JobFile job) {
    var acknowledged = new HashSet<Long>();
    var arrived = new HashSet<String>();
    for (var delivery : job.deliveries) {
      arrived.add(delivery.id());
      if (delivery.isAcknowledged()) {
        acknowledged.add(delivery.sequence());
      }
    }
    job.deadLetters.forEach(letter -> acknowledged.add(letter.sequence()));
    for (var event : job.events) {
      if (event.hasWebhook() && isDue(event)) {
        findings.judged(Invariant.I15);
        if (!acknowledged.contains(event.sequence())) {
          findings.broken(
              Invariant.I15,
              job.id,
              event.at(),
              "Expected the receiver to acknowledge this event, or a dead letter, but found"
                  + " neither",
              event);
        }
      }
    }
    for (var attempt : job.attempts) {
      if (attempt.isDelivered()) {
        findings.judged(Invariant.I15);
        if (!arrived.contains(attempt.id())) {
          findings.broken(
              Invariant.I15,
              job.id,
              attempt.at(),
              "Expected what the log calls delivered to have arrived, but it did not",
              attempt);
        }
      }
    }
  }

  /** The run may have ended while its turn had not come. */
  private boolean isDue(Event event) {
    var run = facts.history.run();
    var perDelivery =
        run.webhookAttempts() * (Margins.WEBHOOK_DEADLINE + run.webhookDelayMillis() * 1_000);
    // Those before it in the lane of its job may each take as long.
    var patience = Margins.WEBHOOK_WAIT + event.sequence() * perDelivery;
    var limit =
        facts.faults.limit(
            event.at(),
            patience,
            Faults.Part.DISPATCHER,
            Faults.Part.BROKER,
            Faults.Part.PROCESSOR);
    return limit <= run.endedAt();
  }

  private void phantoms(JobFile job) {
    for (var delivery : job.deliveries) {
      findings.judged(Invariant.I15);
      var event = job.event(delivery.sequence());
      if (event.isEmpty() || !event.get().hasWebhook()) {
        findings.broken(
            Invariant.I15,
            job.id,
            delivery.at(),
            "Expected nothing but events with a webhook to arrive, but there is no such event",
            delivery);
        return;
      }
    }
  }

  private void order(JobFile job) {
    var seen = new HashSet<String>();
    Delivery before = null;
    for (var delivery : job.deliveries) {
      if (!delivery.isRedelivery() && seen.add(delivery.id())) {
        findings.judged(Invariant.I16);
        if (before != null && delivery.sequence() < before.sequence()) {
          findings.broken(
              Invariant.I16,
              job.id,
              delivery.at(),
              "Expected first arrivals in the order of events, but %d came after %d"
                  .formatted(delivery.sequence(), before.sequence()),
              before,
              delivery);
          return;
        }
        before = delivery;
      }
    }
  }

  private void identity(JobFile job) {
    Map<String, Delivery> firsts = new HashMap<>();
    Map<Long, String> ids = new HashMap<>();
    for (var delivery : job.deliveries) {
      findings.judged(Invariant.I17);
      var first = firsts.putIfAbsent(delivery.id(), delivery);
      if (first != null
          && (!first.received().body().equals(delivery.received().body())
              || first.sequence() != delivery.sequence())) {
        findings.broken(
            Invariant.I17,
            job.id,
            delivery.at(),
            "Expected the same body whenever an id arrives, but it differs",
            first,
            delivery);
        return;
      }
      var id = ids.putIfAbsent(delivery.sequence(), delivery.id());
      if (id != null && !id.equals(delivery.id())) {
        findings.broken(
            Invariant.I17,
            job.id,
            delivery.at(),
            "Expected one id for one event, but it also has " + id,
            delivery);
        return;
      }
      freshness(job, delivery);
    }
  }

  /** The timestamp is that of the attempt's own record; where that was lost, that of its time. */
  private void freshness(JobFile job, Delivery delivery) {
    var reports =
        job.attempts.stream()
            .filter(
                report ->
                    report.id().equals(delivery.id()) && report.attempt() == delivery.attempt())
            .toList();
    var isReported =
        reports.stream()
            .anyMatch(
                report -> TimeUnit.MILLISECONDS.toSeconds(report.time()) == delivery.timestamp());
    var age = delivery.at() - TimeUnit.SECONDS.toMicros(delivery.timestamp());
    var isPlausible =
        age >= -Margins.WHOLE_SECOND
            && (age <= Margins.WEBHOOK_DEADLINE + Margins.WHOLE_SECOND
                || facts.faults.any(
                    delivery.at() - age, delivery.at(), it -> it.isOn(Faults.Part.DISPATCHER)));
    // A report may be missing, of this attempt or of another of the same number after a restart.
    var isFresh =
        facts.faults.isClockMoved(Faults.Part.DISPATCHER)
            || (isPlausible && (isReported || reports.isEmpty() || isRestarted(job, delivery)));
    if (!isFresh) {
      findings.broken(
          Invariant.I17,
          job.id,
          delivery.at(),
          "Expected webhook-timestamp to be the time of this attempt, but it is %d ms old"
              .formatted(age / 1_000),
          delivery,
          reports.isEmpty() ? "No record of the attempt" : reports.getFirst());
    }
  }

  private boolean isRestarted(JobFile job, Delivery delivery) {
    return facts.faults.any(
            delivery.at() - Margins.RECOVERY,
            delivery.at() + Margins.RECOVERY,
            window -> window.isOn(Faults.Part.DISPATCHER) || window.isOn(Faults.Part.BROKER))
        && job.deliveries.stream()
                .filter(
                    other ->
                        other.id().equals(delivery.id()) && other.attempt() == delivery.attempt())
                .count()
            > job.attempts.stream()
                .filter(
                    report ->
                        report.id().equals(delivery.id()) && report.attempt() == delivery.attempt())
                .count();
  }

  private void signature(Delivery delivery) {
    findings.judged(Invariant.I17);
    var content =
        "%s.%d.%s".formatted(delivery.id(), delivery.timestamp(), delivery.received().body());
    var expected = mac.doFinal(content.getBytes(UTF_8));
    var header = delivery.received().headers().getOrDefault("webhook-signature", "");
    var isTrue =
        Arrays.stream(header.split(" "))
            .filter(signature -> signature.startsWith("v1,"))
            .anyMatch(signature -> isSame(expected, signature.substring("v1,".length())));
    if (!isTrue) {
      findings.broken(
          Invariant.I17,
          delivery.job(),
          delivery.at(),
          "Expected the signature to verify, but it does not: '%s'".formatted(header),
          delivery);
    }
  }

  private static boolean isSame(byte[] expected, String base64) {
    try {
      return MessageDigest.isEqual(expected, Base64.getDecoder().decode(base64));
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private static Mac mac(String secret) {
    try {
      var mac = Mac.getInstance("HmacSHA256");
      var key = Base64.getDecoder().decode(secret.replaceFirst("^whsec_", ""));
      mac.init(new SecretKeySpec(key.length == 0 ? new byte[1] : key, "HmacSHA256"));
      return mac;
    } catch (NoSuchAlgorithmException | InvalidKeyException e) {
      throw new IllegalStateException("Expected HMAC-SHA256, which every JDK has", e);
    }
  }
}
