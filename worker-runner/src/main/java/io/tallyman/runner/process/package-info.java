/**
 * Attempts as processes of this host, for development without a Docker engine. Isolates nothing.
 */
@NullMarked
package io.tallyman.runner.process;

import org.jspecify.annotations.NullMarked;
