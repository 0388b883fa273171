/**
 * One HTTP request to a receiver that nobody vouches for, by Apache HttpClient. Read {@link
 * io.tallyman.webhooks.http.WebhookClient}.
 */
@NullMarked
package io.tallyman.webhooks.http;

import org.jspecify.annotations.NullMarked;
