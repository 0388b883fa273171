/**
 * What every service needs around its own work: settings from the environment, health, and the
 * shared adapters to Kafka, Redis and the endpoints file. No rule about jobs lives here. Read
 * {@link io.tallyman.runtime.Variable} and {@link io.tallyman.runtime.Service} first.
 */
@NullMarked
package io.tallyman.runtime;

import org.jspecify.annotations.NullMarked;
