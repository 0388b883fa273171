/**
 * The rules of a job's life, pure: no clock, no I/O, no logging, no randomness. A command and a
 * state go in, events or a refusal come out. Read {@link io.tallyman.processor.domain.JobDecider}
 * first.
 */
@NullMarked
package io.tallyman.processor.domain;

import org.jspecify.annotations.NullMarked;
