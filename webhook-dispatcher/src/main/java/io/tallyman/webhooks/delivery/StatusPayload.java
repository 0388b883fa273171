package io.tallyman.webhooks.delivery;

import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobStatus;
import io.tallyman.schemas.job.JobView;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.schemas.json.MessageCodec;
import java.time.Duration;
import java.util.Optional;

/**
 * The body of a webhook, RunPod's: {@code id} and {@code status} always; {@code delayTime} (ms)
 * from IN_PROGRESS on; {@code executionTime} (ms) when ended; {@code output} when COMPLETED; {@code
 * error} when FAILED or TIMED_OUT. The status document without what concerns only operators.
 */
record StatusPayload(
    JobId id,
    JobStatus status,
    Optional<Duration> delayTime,
    Optional<Duration> executionTime,
    Optional<RawJson> output,
    Optional<String> error) {

  /** The bytes to sign and to send. */
  static RawJson of(JobEvent event) {
    var view = JobView.of(event);
    var json =
        MessageCodec.encode(
            new StatusPayload(
                view.id(),
                view.status(),
                view.delayTime(),
                view.executionTime(),
                view.output(),
                view.error()));
    return RawJson.copyOf(json, 0, json.length);
  }
}
