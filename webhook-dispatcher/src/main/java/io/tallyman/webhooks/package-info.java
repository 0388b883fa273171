/**
 * Tells receivers of every transition of their jobs: signed, in order per job, at least once. Read
 * {@link io.tallyman.webhooks.WebhookDispatcher} first; it only wires what the packages below hold.
 */
@NullMarked
package io.tallyman.webhooks;

import org.jspecify.annotations.NullMarked;
