package io.tallyman.webhooks.delivery;

/**
 * Where a delivery comes from.
 *
 * @param claim while it is held; once it is released the delivery ends without being done
 * @param past what became of deliveries from there before
 */
public record Origin(Claim claim, PastAttempts past) {}
