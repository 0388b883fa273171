/**
 * Kafka clients with the settings every service shares. Read {@link
 * io.tallyman.runtime.kafka.KafkaSettings} first.
 */
@NullMarked
package io.tallyman.runtime.kafka;

import org.jspecify.annotations.NullMarked;
