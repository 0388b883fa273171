/**
 * A real Kafka broker and a real Redis server inside one machine, for development and tests. Not
 * for production: one node, no replication. Read {@link io.tallyman.embedded.EmbeddedKafka} first.
 */
@NullMarked
package io.tallyman.embedded;

import org.jspecify.annotations.NullMarked;
