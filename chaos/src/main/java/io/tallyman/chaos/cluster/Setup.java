package io.tallyman.chaos.cluster;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * What a cluster is made with.
 *
 * @param folder of the run: its data, logs and settings
 * @param product whose processes are run
 * @param portSeed another one for each harness on this machine, such as its process number
 * @param docker where the engine that runs the jobs listens, {@code unix:///path}; nothing: jobs
 *     are processes
 * @param lease {@code TALLY_LEASE}
 * @param maxAttempts {@code TALLY_MAX_ATTEMPTS}
 * @param endpoints text of the endpoints file
 * @param apiKey the one key
 * @param receiver of webhooks
 * @param faketime the library that moves clocks; nothing: no clock can be moved
 * @param hasDisk whether the third broker writes to a {@link Disk}
 */
public record Setup(
    Path folder,
    Product product,
    long portSeed,
    Optional<String> docker,
    Duration lease,
    int maxAttempts,
    String endpoints,
    String apiKey,
    URI receiver,
    Optional<Path> faketime,
    boolean hasDisk) {}
