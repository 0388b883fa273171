package io.tallyman.chaos.check;

import java.util.List;

/**
 * Something that must not be.
 *
 * @param invariant which is broken
 * @param job whose, or empty when it is nobody's
 * @param at when, for the picture
 * @param evidence at most {@value Findings#MAX_EVIDENCE} lines of the history
 * @param explanation one sentence: what was expected, what was found
 */
public record Violation(
    Invariant invariant, String job, long at, List<String> evidence, String explanation) {}
