/**
 * Load on a running Tallyman, and what it measured. A client of the public API and of the event
 * topic alone. Read {@link io.tallyman.bench.Benchmark} first.
 */
@NullMarked
package io.tallyman.bench;

import org.jspecify.annotations.NullMarked;
