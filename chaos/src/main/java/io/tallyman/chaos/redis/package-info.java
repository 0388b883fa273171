/** What the mirror shows while a run goes on. */
@NullMarked
package io.tallyman.chaos.redis;

import org.jspecify.annotations.NullMarked;
