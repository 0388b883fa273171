package io.tallyman.chaos.history;

/**
 * Records that became readable at one moment, in one partition: what recovery is measured by.
 *
 * @param at when the harness read them
 * @param topic {@code job-events} or {@code webhook-attempts}
 * @param starts how many of them say that an attempt started
 */
public record Progress(long at, String topic, int partition, int records, int starts) {}
