package io.tallyman.api.jobs;

/**
 * Who asks, as far as it matters to jobs: idempotency keys of different credentials never meet.
 *
 * @param fingerprint SHA-256 of the API key in lower-case hex, or {@code anonymous}; never the key
 */
public record Credential(String fingerprint) {

  /** Where no key is asked for. */
  public static final Credential ANONYMOUS = new Credential("anonymous");
}
