/** All recorders of a run together, and the search for secrets in what a run leaves. */
@NullMarked
package io.tallyman.chaos.record;

import org.jspecify.annotations.NullMarked;
