/** HTTP as a user has it: a client of the API and a receiver of webhooks. */
@NullMarked
package io.tallyman.cli.http;

import org.jspecify.annotations.NullMarked;
