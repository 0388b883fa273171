/**
 * The state-processor: the one writer of {@code job-events}. It decides every command, keeps the
 * state of live jobs, watches their deadlines, and mirrors committed events into Redis. Read {@link
 * io.tallyman.processor.domain.JobDecider} first; all rules are there.
 */
@NullMarked
package io.tallyman.processor;

import org.jspecify.annotations.NullMarked;
