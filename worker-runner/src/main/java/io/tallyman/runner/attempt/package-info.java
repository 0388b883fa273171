/**
 * An attempt's life inside one runner, and the port to what runs it. No Kafka, no Docker, no HTTP.
 * Read {@link io.tallyman.runner.attempt.Attempts} first.
 */
@NullMarked
package io.tallyman.runner.attempt;

import org.jspecify.annotations.NullMarked;
