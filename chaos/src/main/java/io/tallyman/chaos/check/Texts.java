package io.tallyman.chaos.check;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.chaos.history.ClientCall;
import io.tallyman.chaos.history.ContainerSighting;
import io.tallyman.chaos.history.RedisSighting;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;

/** Lines of a history as evidence, and hashes. */
final class Texts {

  private Texts() {}

  /** Such as {@code 2026-11-24T10:00:00.123Z}. */
  static String time(long micros) {
    return Instant.EPOCH.plus(micros, ChronoUnit.MICROS).toString();
  }

  static String of(ClientCall call) {
    return "client %s %s %s to %s%s: %s %d %s"
        .formatted(
            call.client(),
            call.operation(),
            time(call.calledAt()),
            time(call.endedAt()),
            call.key() == null ? "" : ", key " + call.key(),
            call.outcome(),
            call.status(),
            call.response());
  }

  static String of(ContainerSighting sighting) {
    return "container %s %s attempt %d of %s: %s"
        .formatted(
            sighting.id(),
            time(sighting.at()),
            sighting.attempt(),
            sighting.runner(),
            sighting.kind());
  }

  static String of(RedisSighting sighting) {
    return "redis %s %s sequence %d, %d ms left: %s"
        .formatted(
            time(sighting.at()),
            sighting.key(),
            sighting.sequence(),
            sighting.ttlMillis(),
            sighting.view());
  }

  static String of(Faults.Window window) {
    return "fault %s on %s from %s to %s"
        .formatted(window.fault(), window.target(), time(window.start()), time(window.end()));
  }

  /** SHA-256 of the text in UTF-8, in lower-case hex. */
  static String sha256(String text) {
    return HexFormat.of().formatHex(digest().digest(text.getBytes(UTF_8)));
  }

  static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Expected SHA-256, which every JDK has", e);
    }
  }
}
