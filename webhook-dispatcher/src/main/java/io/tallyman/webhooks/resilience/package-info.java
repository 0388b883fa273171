/**
 * Attempts and the pauses between them, by Resilience4j. Read {@link
 * io.tallyman.webhooks.resilience.Attempts}.
 */
@NullMarked
package io.tallyman.webhooks.resilience;

import org.jspecify.annotations.NullMarked;
