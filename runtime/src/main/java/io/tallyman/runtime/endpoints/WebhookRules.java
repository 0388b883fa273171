package io.tallyman.runtime.endpoints;

import static io.tallyman.runtime.endpoints.Endpoints.duration;
import static io.tallyman.runtime.endpoints.Endpoints.mistake;
import static io.tallyman.runtime.endpoints.Endpoints.parsed;

import io.tallyman.runtime.endpoints.Endpoint.Secret;
import io.tallyman.runtime.endpoints.Endpoint.Success;
import io.tallyman.runtime.endpoints.Endpoint.Webhook;
import io.tallyman.runtime.endpoints.Endpoints.OldSecretEntry;
import io.tallyman.runtime.endpoints.Endpoints.SecretEntry;
import io.tallyman.runtime.endpoints.Endpoints.WebhookEntry;
import io.tallyman.schemas.job.JobStatus;
import io.tallyman.schemas.job.SecretName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The part {@code webhook} of an endpoint in the file. */
final class WebhookRules {

  private static final int MAX_ATTEMPTS = 10;

  /** The Standard advises 15 to 30 s; tests and slow receivers want more. */
  private static final Duration MAX_WAIT = Duration.ofHours(1);

  /** Standard Webhooks 1.0.0: a symmetric key is 24 to 64 random bytes. */
  private static final int MIN_SECRET_BYTES = 24;

  private static final int MAX_SECRET_BYTES = 64;

  /** An Ed25519 seed, alone or with the public key behind it. */
  private static final Set<Integer> PRIVATE_KEY_BYTES = Set.of(32, 64);

  /** Each one is a signature in each request. */
  private static final int MAX_OLD_SECRETS = 5;

  private static final int MAX_RATE = 100_000;

  private WebhookRules() {}

  /**
   * Reads it.
   *
   * @param where of the entry, for messages
   * @throws IllegalArgumentException naming the place and what was expected
   */
  static Webhook read(String where, WebhookEntry entry) {
    var attempts = Objects.requireNonNullElse(entry.attempts(), Webhook.DEFAULT.attempts());
    if (attempts < 1 || attempts > MAX_ATTEMPTS) {
      throw mistake(where + ".attempts", "expected a whole number from 1 to " + MAX_ATTEMPTS);
    }
    if (entry.rate() != null && (entry.rate() < 1 || entry.rate() > MAX_RATE)) {
      throw mistake(where + ".rate", "expected a whole number from 1 to " + MAX_RATE);
    }
    return new Webhook(
        secrets(where, entry.own()),
        namedSecrets(where + ".namedSecrets", entry.namedSecrets()),
        attempts,
        delays(where, entry),
        wait(where + ".deadline", entry.deadline(), Webhook.DEFAULT.deadline()),
        parsed(
            where + ".success", entry.success(), Webhook.DEFAULT.success(), WebhookRules::success),
        events(where + ".events", entry.events()),
        Objects.requireNonNullElse(entry.coalesce(), false),
        Optional.ofNullable(entry.rate()));
  }

  private static List<Duration> delays(String where, WebhookEntry entry) {
    var delays = entry.delays();
    if (delays == null) {
      return List.of(wait(where + ".delay", entry.delay(), Webhook.DEFAULT.delayAfter(1)));
    }
    if (entry.delay() != null) {
      throw mistake(where, "expected 'delay' or 'delays', but got both");
    }
    if (delays.isEmpty() || delays.size() > MAX_ATTEMPTS) {
      throw mistake(where + ".delays", "expected 1 to %d durations".formatted(MAX_ATTEMPTS));
    }
    return IntStream.range(0, delays.size())
        .mapToObj(i -> wait("%s.delays.%d".formatted(where, i), delays.get(i), Duration.ZERO))
        .toList();
  }

  private static Duration wait(String where, @Nullable String text, Duration fallback) {
    var wait = duration(where, text, fallback);
    if (wait.isNegative() || wait.compareTo(MAX_WAIT) > 0) {
      throw mistake(where, "expected at most 1h, but got '%s'".formatted(text));
    }
    return wait;
  }

  private static Set<JobStatus> events(String where, @Nullable List<String> names) {
    if (names == null) {
      return Webhook.DEFAULT.events();
    }
    var events = EnumSet.noneOf(JobStatus.class);
    for (var name : names) {
      try {
        events.add(JobStatus.valueOf(name));
      } catch (IllegalArgumentException e) {
        throw mistake(
            where,
            "expected states of %s, but got '%s'"
                .formatted(Arrays.toString(JobStatus.values()), name));
      }
    }
    return events;
  }

  private static Map<SecretName, List<Secret>> namedSecrets(
      String where, @Nullable Map<String, @Nullable SecretEntry> entries) {
    var named = new HashMap<SecretName, List<Secret>>();
    if (entries == null) {
      return named;
    }
    for (var entry : entries.entrySet()) {
      if (!SecretName.isLegal(entry.getKey())) {
        // Not repeated: it may be a secret, written where its name belongs.
        throw mistake(
            where,
            "expected names of 1 to 63 characters a-z 0-9 -, with 'secret' or 'secretFile' under"
                + " each, but name %d is none".formatted(named.size() + 1));
      }
      var place = where + "." + entry.getKey();
      var value = entry.getValue();
      var secrets = value == null ? List.<Secret>of() : secrets(place, value);
      if (secrets.isEmpty()) {
        throw mistake(place, "expected 'secret' or 'secretFile'");
      }
      named.put(new SecretName(entry.getKey()), secrets);
    }
    return named;
  }

  private static List<Secret> secrets(String where, SecretEntry entry) {
    var secrets = new ArrayList<Secret>();
    secret(where, entry.secret(), entry.secretFile())
        .ifPresent(text -> secrets.add(new Secret(text, Optional.empty())));
    var old = Objects.requireNonNullElse(entry.oldSecrets(), List.<OldSecretEntry>of());
    if (!old.isEmpty() && secrets.isEmpty()) {
      throw mistake(where + ".oldSecrets", "expected a current 'secret' beside them");
    }
    if (old.size() > MAX_OLD_SECRETS) {
      throw mistake(where + ".oldSecrets", "expected at most " + MAX_OLD_SECRETS);
    }
    for (int i = 0; i < old.size(); i++) {
      secrets.add(oldSecret("%s.oldSecrets.%d".formatted(where, i), old.get(i)));
    }
    return secrets;
  }

  private static Secret oldSecret(String where, OldSecretEntry entry) {
    var text =
        secret(where, entry.secret(), entry.secretFile())
            .orElseThrow(() -> mistake(where, "expected 'secret' or 'secretFile'"));
    if (entry.until() == null) {
      throw mistake(where + ".until", "expected when it ends, such as 2026-12-01T00:00:00Z");
    }
    try {
      return new Secret(text, Optional.of(Instant.parse(entry.until())));
    } catch (DateTimeParseException e) {
      throw mistake(
          where + ".until",
          "expected a time such as 2026-12-01T00:00:00Z, but got '%s'".formatted(entry.until()));
    }
  }

  private static Optional<String> secret(
      String where, @Nullable String secret, @Nullable String secretFile) {
    if (secret != null && secretFile != null) {
      throw mistake(where, "expected 'secret' or 'secretFile', but got both");
    }
    if (secret != null) {
      return Optional.of(checkedSecret(where + ".secret", secret));
    }
    if (secretFile != null) {
      try {
        return Optional.of(
            checkedSecret(where + ".secretFile", Files.readString(Path.of(secretFile)).strip()));
      } catch (IOException e) {
        throw mistake(where + ".secretFile", "expected a readable file, but: " + e);
      }
    }
    return Optional.empty();
  }

  private static String checkedSecret(String where, String secret) {
    try {
      if (secret.startsWith("whsec_")) {
        var bytes = Base64.getDecoder().decode(secret.substring("whsec_".length())).length;
        if (bytes >= MIN_SECRET_BYTES && bytes <= MAX_SECRET_BYTES) {
          return secret;
        }
      } else if (secret.startsWith("whsk_")) {
        var bytes = Base64.getDecoder().decode(secret.substring("whsk_".length())).length;
        if (PRIVATE_KEY_BYTES.contains(bytes)) {
          return secret;
        }
      }
    } catch (IllegalArgumentException e) {
      // Answered below; the text of the secret must not be repeated.
    }
    throw mistake(
        where,
        "expected whsec_ followed by base64 of 24 to 64 random bytes, or whsk_ followed by base64"
            + " of an Ed25519 key");
  }

  private static Success success(String text) {
    return switch (text) {
      case "200" -> Success.ONLY_200;
      case "2xx" -> Success.ANY_2XX;
      default -> throw new IllegalArgumentException("Expected 200 or 2xx");
    };
  }
}
