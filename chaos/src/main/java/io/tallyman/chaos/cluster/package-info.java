/**
 * The product as processes on loopback: three brokers, one Redis, two of each service, each with
 * links of its own that faults can cut. Read {@link io.tallyman.chaos.cluster.Site} first.
 */
@NullMarked
package io.tallyman.chaos.cluster;

import org.jspecify.annotations.NullMarked;
