/**
 * The api's Kafka clients: commands out, events and rejections in, history by offset. Read {@link
 * io.tallyman.api.kafka.EventTail} first.
 */
@NullMarked
package io.tallyman.api.kafka;

import org.jspecify.annotations.NullMarked;
