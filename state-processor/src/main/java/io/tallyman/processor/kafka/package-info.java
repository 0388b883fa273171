/** The mirror: the reader of committed events that keeps Redis like the log. */
@NullMarked
package io.tallyman.processor.kafka;

import org.jspecify.annotations.NullMarked;
