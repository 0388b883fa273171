package io.tallyman.runner.docker;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.core.DefaultDockerClientConfig;
import com.github.dockerjava.core.DockerClientImpl;
import com.github.dockerjava.zerodep.ZerodepDockerHttpClient;
import io.tallyman.runner.attempt.FailureCode;
import io.tallyman.runner.attempt.Outcome.Failed;
import io.tallyman.runner.attempt.StopSignal;
import io.tallyman.runtime.Service.Health;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The connections to one Docker engine, and whether it is of use. Connects on first use. */
public final class DockerEngine implements AutoCloseable {

  /**
   * How long {@link #probe} takes at the most, with whatever it pulls: all is to be ready within 15
   * s, and the rest takes up to 7 s more.
   */
  public static final Duration AUTO_PATIENCE = Duration.ofSeconds(8);

  /** Left after the last pull was given up, to say which image it was. */
  private static final Duration PROBE_REST = Duration.ofMillis(500);

  private static final Duration PROBE_TIMEOUT = Duration.ofSeconds(3);

  /** Health must be told within a second. */
  private static final Duration PING_TIMEOUT = Duration.ofMillis(900);

  /** The engine answers in milliseconds; on a crowded host, creating a container takes seconds. */
  private static final Duration CALL_TIMEOUT = Duration.ofSeconds(60);

  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);

  /** Docker 19.03, of 2019: the first with all options of {@link Sandbox}. */
  private static final int LEAST_MINOR = 40;

  private static final Logger LOG = LoggerFactory.getLogger(DockerEngine.class);

  private final String host;
  private final DockerClient calls;
  private final DockerClient streams;
  private final DockerClient pings;

  /**
   * @param host {@code unix:///path} or {@code tcp://host:port}
   * @param slots how many attempts use it at once
   */
  DockerEngine(String host, int slots) {
    this.host = host;
    this.calls = client(host, 2 * slots + 8, Optional.of(CALL_TIMEOUT));
    // Per attempt: its output, its input, its end; and now and then a pull.
    this.streams = client(host, 4 * slots + 8, Optional.empty());
    this.pings = client(host, 4, Optional.of(PING_TIMEOUT));
  }

  /** What a look at an engine told. */
  public sealed interface Probe {
    /** It can run every image asked for. {@code detail} says which engine it is. */
    record Usable(String detail) implements Probe {}

    /** It cannot. {@code reason} is one sentence with the way out. */
    record Unusable(String reason) implements Probe {}
  }

  /**
   * Looks whether an engine can run these images, which may take pulls. Answers within {@link
   * #AUTO_PATIENCE}, whatever the engine does; at once when interrupted, which stays on.
   */
  public static Probe probe(String host, List<String> images) {
    var look = new FutureTask<>(() -> look(host, images, System.nanoTime()));
    Thread.ofPlatform().daemon().name("docker-probe").start(look);
    try {
      return look.get(AUTO_PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException _) {
      return new Probe.Unusable(
          "the Docker engine at %s took longer than %d s to say whether it is of use"
              .formatted(host, AUTO_PATIENCE.toSeconds()));
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return new Probe.Unusable("told to stop while asking the engine at " + host);
    } catch (ExecutionException e) {
      throw new IllegalStateException("Expected an answer about the engine at " + host, e);
    } finally {
      look.cancel(true);
    }
  }

  private static Probe look(String host, List<String> images, long began) {
    var blocked = socketProblem(host);
    if (blocked.isPresent()) {
      return new Probe.Unusable(blocked.get());
    }
    try (var client = client(host, 4, Optional.of(PROBE_TIMEOUT));
        var pulling = client(host, 4, Optional.empty())) {
      var version = client.versionCmd().exec();
      if (isTooOld(version.getApiVersion())) {
        return new Probe.Unusable(tooOld(host, version.getVersion(), version.getApiVersion()));
      }
      for (var image : images) {
        var left = AUTO_PATIENCE.minus(PROBE_REST).minusNanos(System.nanoTime() - began);
        var missing =
            new Images(client, pulling)
                .problem(image, left, new StopSignal(), line -> LOG.info("{}", line));
        if (missing.isPresent()) {
          return new Probe.Unusable(
              "the engine at %s has no image '%s' and cannot pull it; load it with 'docker load' or"
                      .formatted(host, image)
                  + " 'docker pull', then start again");
        }
      }
      return new Probe.Usable(
          "engine %s at %s has %s"
              .formatted(version.getVersion(), host, String.join(", ", images)));
    } catch (InterruptedException _) {
      // Nobody waits for the answer any more.
      return new Probe.Unusable("told to stop while asking the engine at " + host);
    } catch (IOException | RuntimeException e) {
      // The edge to a foreign program: whatever it did, it is of no use now.
      LOG.debug("probe of {} failed", host, e);
      return new Probe.Unusable(unreachable(host, e));
    }
  }

  /** Why its socket cannot be used, if it is one and cannot. */
  static Optional<String> socketProblem(String host) {
    if (!host.startsWith("unix://")) {
      return Optional.empty();
    }
    var socket = Path.of(host.substring("unix://".length()));
    if (!Files.exists(socket)) {
      return Optional.of(
          "no Docker engine listens at %s; start one, or set TALLY_DOCKER_HOST".formatted(host));
    }
    if (!Files.isReadable(socket) || !Files.isWritable(socket)) {
      return Optional.of(
          "permission denied on %s; add this user to the group that owns it, usually 'docker'"
              .formatted(socket));
    }
    return Optional.empty();
  }

  /** Whether an API version such as {@code 1.41} lacks what we need. */
  static boolean isTooOld(String apiVersion) {
    var parts = apiVersion.split("\\.", -1);
    try {
      return Integer.parseInt(parts[0]) == 1
          && parts.length > 1
          && Integer.parseInt(parts[1]) < LEAST_MINOR;
    } catch (NumberFormatException _) {
      // Unknown numbering: newer than us.
      return false;
    }
  }

  static String tooOld(String host, String version, String apiVersion) {
    return "the Docker engine %s at %s speaks API %s, but 1.%d is needed; update it to 19.03 or newer"
        .formatted(version, host, apiVersion, LEAST_MINOR);
  }

  /** For short calls. Each is ended after a minute. */
  DockerClient calls() {
    return calls;
  }

  /** For what lasts as long as a container or a pull. */
  DockerClient streams() {
    return streams;
  }

  /** How it is now. Answers within a second. */
  Health health() {
    var blocked = socketProblem(host);
    if (blocked.isPresent()) {
      return Health.notReady("docker", blocked.get());
    }
    try {
      pings.pingCmd().exec();
      return Health.ready("docker", "the engine at %s answers".formatted(host));
    } catch (RuntimeException e) {
      // The edge to a foreign program.
      return Health.notReady("docker", unreachable(host, e));
    }
  }

  /** Says once what an operator should know of the engine. */
  void inspect() {
    var info = calls.infoCmd().exec();
    var options = info.getSecurityOptions();
    if (options == null || options.stream().noneMatch(option -> option.contains("seccomp"))) {
      LOG.warn("the Docker engine at {} runs containers without a seccomp profile", host);
    }
    LOG.info("Docker engine {} at {}", info.getServerVersion(), host);
  }

  /** The failure of an attempt whose engine did not do what it was asked. */
  static Failed unavailable(String what, RuntimeException e) {
    return new Failed(
        FailureCode.ENGINE_UNAVAILABLE,
        "Expected the Docker engine to %s, but: %s".formatted(what, sentence(e)));
  }

  /** The engine's own words, without a stack. */
  static String sentence(Throwable e) {
    var cause = e;
    while (cause.getCause() != null && !(cause.getCause() instanceof InterruptedException)) {
      cause = cause.getCause();
    }
    var text = String.valueOf(cause.getMessage() == null ? cause : cause.getMessage()).strip();
    return text.substring(0, Math.min(500, text.length())).replaceAll("\\s+", " ");
  }

  private static String unreachable(String host, Exception e) {
    var said = sentence(e);
    return said.toLowerCase(Locale.ROOT).contains("permission denied")
        ? "permission denied on %s; add this user to the group that owns it, usually 'docker'"
            .formatted(host)
        : "the Docker engine at %s does not answer (%s); start it, or set TALLY_DOCKER_HOST"
            .formatted(host, said);
  }

  private static DockerClient client(
      String host, int connections, Optional<Duration> responseTimeout) {
    var http =
        new ZerodepDockerHttpClient.Builder()
            .dockerHost(URI.create(host))
            .maxConnections(connections)
            .connectionTimeout(CONNECT_TIMEOUT);
    responseTimeout.ifPresent(http::responseTimeout);
    return DockerClientImpl.getInstance(
        DefaultDockerClientConfig.createDefaultConfigBuilder().withDockerHost(host).build(),
        http.build());
  }

  @Override
  public void close() {
    for (var client : List.of(calls, streams, pings)) {
      try {
        client.close();
      } catch (IOException e) {
        throw new UncheckedIOException("Expected to close the connections to the engine", e);
      }
    }
  }
}
