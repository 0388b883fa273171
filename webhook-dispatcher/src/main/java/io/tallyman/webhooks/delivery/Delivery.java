package io.tallyman.webhooks.delivery;

import io.tallyman.runtime.endpoints.Endpoint.Webhook;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.RawJson;
import java.net.URI;
import java.util.Optional;

/**
 * One event to be told to one receiver.
 *
 * @param webhookId the header {@code webhook-id}
 * @param jobId whose lane it is in
 * @param sequence of the event
 * @param url the receiver
 * @param body what is sent
 * @param rules attempts, delay, deadline, success
 * @param signer empty: the endpoint has no secret
 */
record Delivery(
    String webhookId,
    JobId jobId,
    long sequence,
    URI url,
    RawJson body,
    Webhook rules,
    Optional<Signer> signer) {

  /** Scheme, host and port: deliveries to the same one share its slots. */
  String target() {
    return url.getScheme() + "://" + url.getRawAuthority();
  }

  /** For logs: neither payload nor the URL's path and query, which often hold a token. */
  @Override
  public String toString() {
    return "job %s sequence %d to %s".formatted(jobId, sequence, url.getHost());
  }
}
