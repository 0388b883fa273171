/**
 * Numbers for Prometheus, by Micrometer. None has a label that a submitter chooses. Read {@link
 * io.tallyman.webhooks.metrics.WebhookMetrics}.
 */
@NullMarked
package io.tallyman.webhooks.metrics;

import org.jspecify.annotations.NullMarked;
