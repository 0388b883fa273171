package io.tallyman.runner;

import io.tallyman.runner.docker.DockerEngine;
import io.tallyman.runtime.endpoints.Endpoint;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;

/** What runs the attempts. */
public enum RuntimeChoice {
  /** Docker when it can run every endpoint's image, else processes. */
  AUTO,
  /** Containers. */
  DOCKER,
  /** Processes of this host: development only. */
  PROCESS;

  /**
   * A choice made, and why.
   *
   * @param choice {@link #DOCKER} or {@link #PROCESS}
   * @param why one line for people: which, and for what reason
   */
  public record Resolved(RuntimeChoice choice, String why) {}

  /**
   * The choice of {@code auto}, {@code docker} or {@code process}.
   *
   * @throws IllegalArgumentException for any other text
   */
  public static RuntimeChoice parse(String text) {
    return Arrays.stream(values())
        .filter(choice -> choice.wireName().equals(text))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("Expected auto, docker or process"));
  }

  /** {@code auto}, {@code docker} or {@code process}. */
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Makes the choice. {@link #AUTO} asks the engine and may try to pull images: it takes up to
   * {@link DockerEngine#AUTO_PATIENCE} for all of them together, and ends at once when interrupted.
   *
   * @param dockerHost such as {@code unix:///var/run/docker.sock}
   */
  public Resolved resolve(String dockerHost, Iterable<Endpoint> endpoints) {
    return switch (this) {
      case DOCKER -> new Resolved(DOCKER, "runtime docker, as configured");
      case PROCESS -> new Resolved(PROCESS, "runtime process, as configured: nothing is isolated");
      case AUTO -> {
        var images = new TreeSet<String>();
        endpoints.forEach(endpoint -> images.add(endpoint.image()));
        yield switch (DockerEngine.probe(dockerHost, List.copyOf(images))) {
          case DockerEngine.Probe.Usable(var detail) ->
              new Resolved(DOCKER, "runtime docker: " + detail);
          case DockerEngine.Probe.Unusable(var reason) ->
              new Resolved(PROCESS, "runtime process, nothing is isolated: " + reason);
        };
      }
    };
  }
}
