package io.tallyman.webhooks.delivery;

import io.tallyman.schemas.job.EventPosition;
import io.tallyman.schemas.job.JobEvent;

/**
 * An event, and where the log has it.
 *
 * @param position written down with each attempt, so that it can be told again
 */
public record LoggedEvent(JobEvent event, EventPosition position) {}
