/** What the Docker engine says of the containers of jobs. */
@NullMarked
package io.tallyman.chaos.docker;

import org.jspecify.annotations.NullMarked;
