/**
 * Attempts as containers, through the Docker engine's API. Read {@link
 * io.tallyman.runner.docker.DockerRuntime} first, {@link io.tallyman.runner.docker.Sandbox} for
 * what a container may do.
 */
@NullMarked
package io.tallyman.runner.docker;

import org.jspecify.annotations.NullMarked;
