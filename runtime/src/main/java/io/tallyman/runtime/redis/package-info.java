/**
 * The mirror in Redis: the layout of {@code job:{id}}, its fenced writes, its reads. Read {@link
 * io.tallyman.runtime.redis.JobViews} first.
 */
@NullMarked
package io.tallyman.runtime.redis;

import org.jspecify.annotations.NullMarked;
