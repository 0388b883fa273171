/**
 * Judges the history of a chaos run: pure functions from what was seen to what was broken. It knows
 * nothing of the product's code, so it does not share its mistakes; the rules of a job's life are
 * here once more, as data. Read {@link io.tallyman.chaos.check.Checker} first.
 *
 * <p>Every time is in microseconds since the epoch, like those of the history.
 */
@NullMarked
package io.tallyman.chaos.check;

import org.jspecify.annotations.NullMarked;
