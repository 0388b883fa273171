/** Redis as an operator looks into it. */
@NullMarked
package io.tallyman.cli.redis;

import org.jspecify.annotations.NullMarked;
