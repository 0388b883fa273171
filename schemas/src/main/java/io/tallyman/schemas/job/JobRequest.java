package io.tallyman.schemas.job;

import java.net.URI;
import java.util.Optional;

/**
 * What a submitter asked for, once checked.
 *
 * @param endpoint which kind of job
 * @param input handed to the container as it came
 * @param policy time limits and priority
 * @param webhook told of every transition; empty: nobody asked
 * @param webhookSecretName which of the endpoint's named secrets signs that; empty: its own one
 * @param fingerprint SHA-256 of the request body in lower-case hex: two submissions under one
 *     idempotency key are the same request exactly when their fingerprints are equal
 */
public record JobRequest(
    EndpointName endpoint,
    RawJson input,
    Policy policy,
    Optional<URI> webhook,
    Optional<SecretName> webhookSecretName,
    String fingerprint) {

  /** One that names no secret. */
  public JobRequest(
      EndpointName endpoint,
      RawJson input,
      Policy policy,
      Optional<URI> webhook,
      String fingerprint) {
    this(endpoint, input, policy, webhook, Optional.empty(), fingerprint);
  }
}
