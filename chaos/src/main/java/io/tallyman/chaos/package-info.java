/**
 * Runs the whole product as processes, breaks what it stands on, and has the history judged. Read
 * {@link io.tallyman.chaos.Chaos} first.
 */
@NullMarked
package io.tallyman.chaos;

import org.jspecify.annotations.NullMarked;
