/** The API under load. */
@NullMarked
package io.tallyman.bench.http;

import org.jspecify.annotations.NullMarked;
