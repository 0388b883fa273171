/**
 * How a message becomes a Kafka record: key, value and CloudEvents headers. Read {@link
 * io.tallyman.schemas.kafka.Records} first.
 */
@NullMarked
package io.tallyman.schemas.kafka;

import org.jspecify.annotations.NullMarked;
