/**
 * What is broken, when, and for how long: a pure schedule from a seed, and the hand that carries it
 * out. Read {@link io.tallyman.chaos.nemesis.Schedule} first.
 */
@NullMarked
package io.tallyman.chaos.nemesis;

import org.jspecify.annotations.NullMarked;
