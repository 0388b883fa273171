/**
 * The RunPod-compatible HTTP API: requests become commands, the log becomes answers. Nothing is
 * decided here. Read {@link io.tallyman.api.Api} first, then {@code http.JobRoutes}.
 */
@NullMarked
package io.tallyman.api;

import org.jspecify.annotations.NullMarked;
