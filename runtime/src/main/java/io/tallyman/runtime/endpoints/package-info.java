/**
 * The endpoints file: which kinds of job there are, and what their containers may do. Read {@link
 * io.tallyman.runtime.endpoints.Endpoint} first.
 */
@NullMarked
package io.tallyman.runtime.endpoints;

import org.jspecify.annotations.NullMarked;
