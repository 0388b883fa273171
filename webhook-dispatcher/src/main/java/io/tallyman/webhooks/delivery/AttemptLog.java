package io.tallyman.webhooks.delivery;

import io.tallyman.schemas.job.WebhookAttempt;
import java.util.concurrent.CompletionStage;

/** Where attempts are written down. */
public interface AttemptLog {

  /** Writes it, in the background; a failure is logged and otherwise without effect. */
  void record(WebhookAttempt attempt);

  /** Writes the last attempt of a delivery that is given up; completes when that is durable. */
  CompletionStage<?> giveUp(WebhookAttempt last);
}
