package io.tallyman.chaos.history;

import java.util.Map;

/**
 * One request that the webhook receiver read whole, written before it answered.
 *
 * @param at when it was read
 * @param path of the URL
 * @param headers by lower-case name
 * @param body as text
 * @param answer status that it was about to answer; 0 when it dropped the connection or never
 *     answered, on purpose
 */
public record Received(
    long at, String path, Map<String, String> headers, String body, int answer) {}
