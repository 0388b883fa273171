/** What Kafka holds when a run is over. */
@NullMarked
package io.tallyman.chaos.kafka;

import org.jspecify.annotations.NullMarked;
