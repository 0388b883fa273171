package io.tallyman.webhooks.delivery;

import io.tallyman.runtime.endpoints.Endpoint.Webhook;
import io.tallyman.schemas.job.EventMeta;
import io.tallyman.schemas.job.EventPosition;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.schemas.job.WebhookAttempt;
import java.net.URI;
import java.time.Instant;
import java.util.HashMap;
import java.util.Locale;
import java.util.Optional;

/**
 * One event to be told to one receiver.
 *
 * @param webhookId the header {@code webhook-id}
 * @param event whose lane it is in, and where
 * @param position where the log has the event
 * @param trigger {@link WebhookAttempt#AUTO}, or why it is told again
 * @param isTerminal whether the job has ended
 * @param url the receiver
 * @param body what is sent
 * @param rules attempts, delays, deadline, success
 * @param signer of the secret that the job names, else of the endpoint; empty: there is no such
 *     secret
 */
record Delivery(
    String webhookId,
    EventMeta event,
    EventPosition position,
    String trigger,
    boolean isTerminal,
    URI url,
    RawJson body,
    Webhook rules,
    Optional<Signer> signer) {

  /** Whether it was told before, and is told again because somebody or something ordered that. */
  boolean isRedelivery() {
    return !trigger.equals(WebhookAttempt.AUTO);
  }

  /** Why it must not be sent: neither unsigned nor under another secret than the job's. */
  Optional<Outcome> obstacle() {
    return event
        .webhookSecretName()
        .filter(_ -> signer.isEmpty())
        .map(
            name ->
                Outcome.failed(
                    Outcome.Kind.SECRET_MISSING,
                    "Not sent: endpoint '%s' has no secret '%s' in the dispatcher's endpoints file"
                        .formatted(event.endpoint(), name)));
  }

  /** The request of an attempt, signed as of its time. */
  Sender.Request request(int number, Instant time) {
    var headers = new HashMap<String, String>();
    headers.put("webhook-id", webhookId);
    headers.put("webhook-timestamp", Long.toString(time.getEpochSecond()));
    headers.put("webhook-attempt", Integer.toString(number));
    headers.put("webhook-sequence", Long.toString(event.sequence()));
    if (isRedelivery()) {
      headers.put("webhook-trigger", trigger);
    }
    signer
        .map(it -> it.sign(webhookId, time, body))
        .ifPresent(signature -> headers.put("webhook-signature", signature));
    return new Sender.Request(url, headers, body, rules.deadline(), rules.success());
  }

  /** Deliveries to the same target share its slots, its circuit and its rate. */
  String target() {
    return targetOf(url);
  }

  /** Scheme, host and port, such as {@code https://a.test:443}. */
  static String targetOf(URI url) {
    var scheme = String.valueOf(url.getScheme()).toLowerCase(Locale.ROOT);
    var host = String.valueOf(url.getHost()).toLowerCase(Locale.ROOT);
    var port = url.getPort() >= 0 ? url.getPort() : scheme.equals("http") ? 80 : 443;
    return scheme + "://" + host + ":" + port;
  }

  /** For logs: neither payload nor the URL's path and query, which often hold a token. */
  @Override
  public String toString() {
    return "job %s sequence %d to %s".formatted(event.jobId(), event.sequence(), url.getHost());
  }
}
