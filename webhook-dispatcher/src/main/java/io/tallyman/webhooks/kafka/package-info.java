/**
 * From the event log to deliveries, and back to offsets, attempts and dead letters. Read {@link
 * io.tallyman.webhooks.kafka.EventReader} first, then {@link
 * io.tallyman.webhooks.kafka.OffsetTracker}, on which the crash safety rests.
 */
@NullMarked
package io.tallyman.webhooks.kafka;

import org.jspecify.annotations.NullMarked;
