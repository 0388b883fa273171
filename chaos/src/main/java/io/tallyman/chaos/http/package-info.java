/**
 * HTTP of the harness: calls to the API with what their client can know of their effect, the
 * receiver of webhooks, looks at readiness.
 */
@NullMarked
package io.tallyman.chaos.http;

import org.jspecify.annotations.NullMarked;
