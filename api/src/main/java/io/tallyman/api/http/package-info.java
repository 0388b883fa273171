/**
 * HTTP: routes, strict bodies, problem documents, keys. The only place that knows Javalin, Jetty
 * and Jackson. Read {@link io.tallyman.api.http.JobRoutes} first.
 */
@NullMarked
package io.tallyman.api.http;

import org.jspecify.annotations.NullMarked;
