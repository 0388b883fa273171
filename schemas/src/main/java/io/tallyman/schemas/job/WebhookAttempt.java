package io.tallyman.schemas.job;

import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * One HTTP request to a receiver, and what came of it: the value of a record on {@code
 * webhook-attempts}, and, when it was the last and failed, on {@code webhook-dead-letters}.
 *
 * @param webhookId the header {@code webhook-id}: the same on every attempt of one delivery
 * @param jobId the job; also the record's key
 * @param endpoint of the job
 * @param sequence the event told
 * @param attempt counted from 1; a redelivery counts anew
 * @param trigger {@code auto}: an attempt of the delivery itself; {@code manual}: of a redelivery
 *     that somebody asked for; {@code redrive}: of one made because the receiver answers again
 * @param url where to
 * @param time when the request began
 * @param duration how long until the answer, or the failure
 * @param outcome stable class: {@code delivered}, {@code status}, {@code timeout}, {@code connect},
 *     {@code broken}, {@code dns}, {@code tls}, {@code protocol}, {@code redirect}, {@code gone},
 *     {@code aborted}, {@code circuit_open}, {@code expired}, {@code secret_missing}, {@code
 *     invalid_url}, {@code blocked_address}, {@code internal}, {@code interrupted}
 * @param statusCode the HTTP status, when there was one
 * @param detail one sentence, or the first bytes of the answer; at most 1,024 characters
 * @param isFinal no attempt follows
 * @param nextAttempt when the next attempt begins at the earliest; empty: there is none
 * @param event where the event is, so that it can be told again
 */
public record WebhookAttempt(
    String webhookId,
    JobId jobId,
    EndpointName endpoint,
    long sequence,
    int attempt,
    String trigger,
    URI url,
    Instant time,
    Duration duration,
    String outcome,
    Optional<Integer> statusCode,
    String detail,
    boolean isFinal,
    Optional<Instant> nextAttempt,
    Optional<EventPosition> event) {

  /** An attempt of the delivery itself. */
  public static final String AUTO = "auto";

  /** An attempt of a redelivery that somebody asked for. */
  public static final String MANUAL = "manual";

  /** An attempt of a redelivery to a receiver that answers again. */
  public static final String REDRIVE = "redrive";
}
