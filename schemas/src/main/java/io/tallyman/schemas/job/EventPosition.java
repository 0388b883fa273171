package io.tallyman.schemas.job;

/** Where an event is on {@code job-events}. */
public record EventPosition(int partition, long offset) {}
