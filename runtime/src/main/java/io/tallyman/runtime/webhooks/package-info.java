/** What the api and the webhook-dispatcher both know of webhooks. */
@NullMarked
package io.tallyman.runtime.webhooks;

import org.jspecify.annotations.NullMarked;
