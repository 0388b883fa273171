/**
 * JSON text of the messages: one codec, strict where people write and tolerant where time passes.
 * Read {@link io.tallyman.schemas.json.MessageCodec} first.
 */
@NullMarked
package io.tallyman.schemas.json;

import org.jspecify.annotations.NullMarked;
