package io.tallyman.chaos.history;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One committed record of a topic, read when the run was over, from the beginning, with {@code
 * read_committed}.
 *
 * @param timestamp of the record, in milliseconds since the epoch: the broker's clock on {@code
 *     job-commands}, the decider's on what it writes
 * @param key as text; null when there is none
 * @param headers as text
 * @param value as text, with U+FFFD for what is no UTF-8; null when there is none
 */
public record LogRecord(
    String topic,
    int partition,
    long offset,
    long timestamp,
    @Nullable String key,
    Map<String, String> headers,
    @Nullable String value) {}
