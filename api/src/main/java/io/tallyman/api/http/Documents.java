package io.tallyman.api.http;

import io.tallyman.api.kafka.EventLog.StoredEvent;
import io.tallyman.runtime.redis.JobViews.Entry;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobStatus;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.schemas.job.WebhookAttempt;
import io.tallyman.schemas.job.WebhookRedelivery;
import java.time.Instant;
import java.util.List;

/** Answers that are no status document. */
final class Documents {

  private Documents() {}

  /** What {@code run} and {@code cancel} answer. */
  record Brief(JobId id, JobStatus status) {
    static Brief of(Entry entry) {
      return new Brief(entry.view().id(), entry.view().status());
    }
  }

  /** All events of a job, oldest first. */
  record History(JobId id, EndpointName endpoint, List<Line> events) {
    static History of(JobId job, EndpointName endpoint, List<StoredEvent> events) {
      return new History(
          job,
          endpoint,
          events.stream()
              .map(
                  event ->
                      new Line(
                          event.position().partition(),
                          event.position().offset(),
                          event.type(),
                          event.json()))
              .toList());
    }
  }

  /** Every request of a job's webhook that Kafka still has, oldest first. */
  record WebhookHistory(JobId id, EndpointName endpoint, List<WebhookAttempt> attempts) {}

  /**
   * Deliveries that were given up, and not told again since.
   *
   * @param failed the last attempt of each
   * @param isComplete false: there are more
   */
  record Failed(Instant since, List<WebhookAttempt> failed, boolean isComplete) {}

  /**
   * Receivers that will be told again.
   *
   * @param isComplete false: there are more, ask once more
   */
  record Ordered(List<WebhookRedelivery> ordered, boolean isComplete) {}

  /**
   * One event, and where it is on {@code job-events}.
   *
   * @param type its {@code ce_type}
   * @param event its bytes, as they are on the log
   */
  record Line(int partition, long offset, String type, RawJson event) {}
}
