package io.tallyman.webhooks.delivery;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.runtime.endpoints.Endpoint.Secret;
import io.tallyman.schemas.job.RawJson;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The header {@code webhook-signature} of Standard Webhooks 1.0.0: a version, a comma and the
 * base64 of a signature over {@code id.timestamp.body}. While a key is being replaced there are
 * several, separated by a space, the current key's first; a receiver accepts any it can verify. Our
 * own and not the official library, because that signs text and not bytes, with one symmetric key
 * only. Thread-safe.
 *
 * @see <a
 *     href="https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md">Standard
 *     Webhooks</a>
 */
final class Signer {

  private final List<Entry> entries;

  private Signer(List<Entry> entries) {
    this.entries = entries;
  }

  /**
   * A signer.
   *
   * @param secrets the current one first
   * @throws IllegalArgumentException when one is no key; never repeats it
   */
  static Signer of(List<Secret> secrets) {
    return new Signer(
        secrets.stream()
            .map(secret -> new Entry(SigningKey.parse(secret.text()), secret.until()))
            .toList());
  }

  /**
   * The header's value: one signature per key in use.
   *
   * @param time of the attempt; the header {@code webhook-timestamp} carries its seconds
   */
  String sign(String webhookId, Instant time, RawJson body) {
    var head = "%s.%d.".formatted(webhookId, time.getEpochSecond()).getBytes(UTF_8);
    var content = body.bytes();
    return entries.stream()
        .filter(entry -> entry.isInUse(time))
        .map(entry -> entry.key().sign(head, content))
        .collect(Collectors.joining(" "));
  }

  @Override
  public String toString() {
    return "Signer[%d keys]".formatted(entries.size());
  }

  private record Entry(SigningKey key, Optional<Instant> until) {
    private boolean isInUse(Instant time) {
      return until.map(time::isBefore).orElse(true);
    }
  }
}
