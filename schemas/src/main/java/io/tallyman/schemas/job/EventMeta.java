package io.tallyman.schemas.job;

import java.net.URI;
import java.time.Instant;
import java.util.Optional;

/**
 * What every event says of itself.
 *
 * @param jobId the job; also the record's key
 * @param endpoint the job's endpoint
 * @param sequence position in the job's history: 1, 2, 3 … without a gap
 * @param attempt the attempt this event belongs to, from 1
 * @param time when it was decided, by the broker's clock, to the millisecond
 * @param actor who caused it: {@code api}, {@code runner/<id>} or {@code timer}
 * @param webhook who is told of it; empty: nobody asked
 * @param webhookSecretName which of the endpoint's named secrets signs that; empty: its own one
 */
public record EventMeta(
    JobId jobId,
    EndpointName endpoint,
    long sequence,
    int attempt,
    Instant time,
    String actor,
    Optional<URI> webhook,
    Optional<SecretName> webhookSecretName) {

  public EventMeta {
    if (sequence < 1 || attempt < 1) {
      throw new IllegalArgumentException(
          "Expected sequence and attempt of at least 1, but got %d and %d"
              .formatted(sequence, attempt));
    }
  }

  /** Of a job that names no secret. */
  public EventMeta(
      JobId jobId,
      EndpointName endpoint,
      long sequence,
      int attempt,
      Instant time,
      String actor,
      Optional<URI> webhook) {
    this(jobId, endpoint, sequence, attempt, time, actor, webhook, Optional.empty());
  }
}
