package io.tallyman.schemas.job;

import java.time.Instant;

/**
 * An order to tell a receiver of an event once more, whatever came of it before: the value of a
 * record on {@code webhook-redeliveries}.
 *
 * @param webhookId the header {@code webhook-id}: that of the delivery before
 * @param jobId the job; also the record's key
 * @param endpoint of the job
 * @param sequence the event to tell
 * @param event where it is
 * @param trigger {@code manual}: somebody asked for it; {@code redrive}: its receiver answers again
 * @param time when it was ordered
 */
public record WebhookRedelivery(
    String webhookId,
    JobId jobId,
    EndpointName endpoint,
    long sequence,
    EventPosition event,
    String trigger,
    Instant time) {}
