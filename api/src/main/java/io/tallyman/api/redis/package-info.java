/**
 * The mirror as the api uses it: never waited for when it does not answer. Read {@link
 * io.tallyman.api.redis.RedisViews} first.
 */
@NullMarked
package io.tallyman.api.redis;

import org.jspecify.annotations.NullMarked;
