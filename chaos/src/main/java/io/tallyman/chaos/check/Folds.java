package io.tallyman.chaos.check;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * I23. The fold of a job is the chain of its events: any two readers that keep the order within
 * partitions, and choose that between them as they like, must come to the same. That the product's
 * own fold is this one is for I11 to say, of every look at Redis.
 */
final class Folds {

  private static final Comparator<Event> FORWARD =
      Comparator.comparingInt((Event event) -> event.record().partition())
          .thenComparingLong(event -> event.record().offset());

  private static final Comparator<Event> BACKWARD =
      Comparator.comparingInt((Event event) -> -event.record().partition())
          .thenComparingLong(event -> event.record().offset());

  private Folds() {}

  static void judge(Facts facts, Findings findings) {
    var one = fold(facts.events, FORWARD);
    var other = fold(facts.events, BACKWARD);
    findings.judged(Invariant.I23, one.size());
    if (!hash(one).equals(hash(other))) {
      one.keySet().stream()
          .filter(job -> !Objects.equals(one.get(job), other.get(job)))
          .sorted()
          .forEach(
              job ->
                  findings.broken(
                      Invariant.I23,
                      job,
                      facts.file(job).events.getLast().at(),
                      "Expected the same fold in whatever order of partitions, but it differs",
                      facts.file(job).events.toArray()));
    }
  }

  private static Map<String, Integer> fold(List<Event> events, Comparator<Event> order) {
    var sorted = new ArrayList<>(events);
    sorted.sort(order);
    Map<String, Integer> folded = new HashMap<>();
    for (var event : sorted) {
      var value = String.valueOf(event.record().value()).hashCode();
      folded.merge(event.job(), value, (before, next) -> before * 31 + next);
    }
    return folded;
  }

  private static String hash(Map<String, Integer> folded) {
    var digest = Texts.digest();
    new TreeMap<>(folded)
        .forEach(
            (job, chain) -> {
              digest.update(job.getBytes(UTF_8));
              digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(chain).array());
            });
    return HexFormat.of().formatHex(digest.digest());
  }
}
