package io.tallyman.chaos.check;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** I27: looks for the canaries in all that others can read, and in what the harness found. */
final class Secrets {

  private static final int TABLE = 1 << 16;

  private final List<String> canaries;

  /** Characters of each canary that are hashed. */
  private final int length;

  private final boolean[] isHash = new boolean[TABLE];
  private final int highest;

  private Secrets(List<String> canaries) {
    this.canaries = canaries;
    this.length = canaries.stream().mapToInt(String::length).min().orElse(0);
    canaries.forEach(canary -> isHash[hash(canary) & (TABLE - 1)] = true);
    int power = 1;
    for (int i = 1; i < length; i++) {
      power *= 31;
    }
    this.highest = power;
  }

  static void judge(Facts facts, Findings findings) {
    var history = facts.history;
    var run = history.run();
    for (var leak : run.leaks()) {
      findings.broken(Invariant.I27, "", run.endedAt(), "Expected no canary in the outputs", leak);
    }
    var canaries =
        Stream.concat(run.canaries().stream(), Stream.of(run.webhookSecret()))
            .filter(canary -> canary.length() >= 4)
            .toList();
    var secrets = new Secrets(canaries);
    for (var record : history.log()) {
      secrets.look(
          findings,
          "topic " + record.topic(),
          record.timestamp() * 1_000,
          record.headers(),
          record.key(),
          record.value());
    }
    for (var call : history.calls()) {
      secrets.look(findings, "an answer", call.endedAt(), Map.of(), call.response());
    }
    for (var received : history.received()) {
      secrets.look(
          findings,
          "a webhook",
          received.at(),
          received.headers(),
          received.path(),
          received.body());
    }
    for (var sighting : history.redis()) {
      secrets.look(findings, "Redis", sighting.at(), Map.of(), sighting.key(), sighting.view());
    }
    for (var sighting : history.services()) {
      secrets.look(findings, "readyz", sighting.at(), Map.of(), sighting.body());
    }
  }

  private void look(
      Findings findings,
      String where,
      long at,
      Map<String, String> headers,
      @Nullable String... texts) {
    findings.judged(Invariant.I27);
    for (var text : texts) {
      look(findings, where, at, text);
    }
    headers.values().forEach(text -> look(findings, where, at, text));
  }

  private void look(Findings findings, String where, long at, @Nullable String text) {
    var found = text == null ? null : find(text);
    if (found != null) {
      findings.broken(
          Invariant.I27, "", at, "Expected no secret in %s, but one is".formatted(where), found);
    }
  }

  /** The first canary in the text, named by its place among them: a report may be published. */
  private @Nullable String find(String text) {
    if (length == 0 || text.length() < length) {
      return null;
    }
    var hash = hash(text);
    for (int i = 0; ; i++) {
      if (isHash[hash & (TABLE - 1)]) {
        for (int c = 0; c < canaries.size(); c++) {
          if (text.startsWith(canaries.get(c), i)) {
            return "canary %d at character %d".formatted(c, i);
          }
        }
      }
      if (i + length >= text.length()) {
        return null;
      }
      hash = (hash - text.charAt(i) * highest) * 31 + text.charAt(i + length);
    }
  }

  private int hash(String text) {
    int hash = 0;
    for (int i = 0; i < length; i++) {
      hash = hash * 31 + text.charAt(i);
    }
    return hash;
  }
}
