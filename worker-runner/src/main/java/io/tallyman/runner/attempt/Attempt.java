package io.tallyman.runner.attempt;

import io.tallyman.runtime.endpoints.Endpoint;
import io.tallyman.schemas.job.RawJson;
import java.time.Duration;
import java.time.Instant;

/**
 * An attempt that may run now.
 *
 * @param id which
 * @param endpoint image, command and limits
 * @param input handed over as it came
 * @param deadline when it ends at the latest, by the broker's clock; for labels, not for measuring
 * @param lease how long it is leased at a time; a process that adopts it counts with that
 */
public record Attempt(
    AttemptId id, Endpoint endpoint, RawJson input, Instant deadline, Duration lease) {}
