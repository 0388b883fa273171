package io.tallyman.chaos;

import io.tallyman.chaos.cluster.Product;
import io.tallyman.chaos.nemesis.Profile;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What a run is made with.
 *
 * @param seed that schedule and load follow from
 * @param profile how much of everything
 * @param folder of the run; must be new or empty
 * @param product whose processes are run
 * @param docker where the engine that runs the jobs listens, {@code unix:///path}; nothing: jobs
 *     are processes
 */
public record RunPlan(
    long seed, Profile profile, Path folder, Product product, Optional<String> docker) {}
