/**
 * The history of a chaos run: what clients asked and were told, what the log says, what receivers
 * got, what ran, what Redis showed, what was broken. One file of JSON lines each, one record per
 * line; kept when the run is over, and judged by files alone. Read {@link
 * io.tallyman.chaos.history.HistoryFile} first.
 *
 * <p>Every {@code at} is in microseconds since the Unix epoch: the wall clock of the harness when
 * the run began plus its monotonic clock since. No fault touches the clock of the harness.
 */
@NullMarked
package io.tallyman.chaos.history;

import org.jspecify.annotations.NullMarked;
