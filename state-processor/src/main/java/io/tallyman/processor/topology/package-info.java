/**
 * The Kafka Streams application around the rules: stores, timers, and which topic gets what, in one
 * transaction per step. Read {@link io.tallyman.processor.topology.JobTopology} first.
 */
@NullMarked
package io.tallyman.processor.topology;

import org.jspecify.annotations.NullMarked;
