package io.tallyman.chaos.nemesis;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A record that nobody can read.
 *
 * @param kind for people
 * @param key of the record
 * @param value as text; Latin-1
 * @param type {@code ce_type}, or none
 */
record Poison(String kind, @Nullable String key, @Nullable String value, @Nullable String type) {

  private static final String KEY = "poison";
  private static final String SUBMIT = "io.tallyman.command.submit.v1";

  /** Eight ways of being unreadable. */
  static final List<Poison> KINDS =
      List.of(
          new Poison("no value", KEY, null, null),
          new Poison("empty value", KEY, "", null),
          new Poison("random bytes", KEY, "\0\u00ff\u0007\u0013\u00c3", null),
          new Poison("no key", null, "{}", null),
          new Poison("no type", KEY, "{\"jobId\":\"poison\"}", null),
          new Poison("unknown type", KEY, "{}", "io.tallyman.job.exploded.v1"),
          new Poison("future version", KEY, "{}", "io.tallyman.command.submit.v99"),
          new Poison("900 KB", KEY, "x".repeat(900_000), SUBMIT));

  /** What a record has for headers. */
  Map<String, byte[]> headers() {
    return type == null
        ? Map.of()
        : Map.of("ce_type", type.getBytes(UTF_8), "ce_specversion", "1.0".getBytes(UTF_8));
  }
}
