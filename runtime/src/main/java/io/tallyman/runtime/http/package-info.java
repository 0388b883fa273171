/** Health over HTTP for the services that have no other port. */
@NullMarked
package io.tallyman.runtime.http;

import org.jspecify.annotations.NullMarked;
