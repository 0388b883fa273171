/**
 * The worker-runner: takes dispatched attempts, runs each as a container or a process, and reports
 * what came of it. It decides nothing about jobs. Read {@link io.tallyman.runner.Runner} first.
 */
@NullMarked
package io.tallyman.runner;

import org.jspecify.annotations.NullMarked;
