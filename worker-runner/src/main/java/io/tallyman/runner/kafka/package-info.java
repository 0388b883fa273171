/**
 * The runner on its topics: dispatches and orders in; commands, output and heartbeats out. Read
 * {@link io.tallyman.runner.kafka.RunnerTopics} first.
 */
@NullMarked
package io.tallyman.runner.kafka;

import org.jspecify.annotations.NullMarked;
