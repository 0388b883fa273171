/**
 * The rules of {@code domain} in a whole system of models, on one thread, in virtual time, with
 * faults by seed. Read {@link io.tallyman.processor.simulation.Simulation} first.
 */
@NullMarked
package io.tallyman.processor.simulation;

import org.jspecify.annotations.NullMarked;
