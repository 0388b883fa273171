package io.tallyman.chaos.record;

import java.net.URI;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;

/**
 * What recorders look at beside Kafka and Redis.
 *
 * @param services base URL of {@code /readyz} by name, such as {@code api-1}
 * @param pidOf pid of a service, by its name, while it is up
 * @param runners ids of the runners, which are names of services: other containers and processes
 *     are not ours
 * @param dockerHost such as {@code unix:///var/run/docker.sock}; empty: jobs are processes
 * @param jobFolders that the folders of attempts are in, at whatever depth, where jobs are
 *     processes
 */
public record Watched(
    Map<String, URI> services,
    Function<String, OptionalLong> pidOf,
    Set<String> runners,
    Optional<String> dockerHost,
    Path jobFolders) {

  /** Name of the runner with this pid, or empty. */
  String runnerWith(long pid) {
    return runners.stream()
        .filter(runner -> pidOf.apply(runner).equals(OptionalLong.of(pid)))
        .findAny()
        .orElse("");
  }
}
