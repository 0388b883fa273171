/**
 * What a delivery is and the rules it follows: payload, identity, signature, order, isolation, the
 * number of attempts. No Kafka and no HTTP here; they come in as {@link
 * io.tallyman.webhooks.delivery.AttemptLog} and {@link io.tallyman.webhooks.delivery.Sender}. Read
 * {@link io.tallyman.webhooks.delivery.Deliverer} first.
 */
@NullMarked
package io.tallyman.webhooks.delivery;

import org.jspecify.annotations.NullMarked;
