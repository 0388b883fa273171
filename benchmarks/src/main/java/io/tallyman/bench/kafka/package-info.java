/** Completions, counted where they are recorded. */
@NullMarked
package io.tallyman.bench.kafka;

import org.jspecify.annotations.NullMarked;
