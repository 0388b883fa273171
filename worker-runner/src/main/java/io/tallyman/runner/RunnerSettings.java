package io.tallyman.runner;

import io.tallyman.runtime.CommonSettings;
import io.tallyman.runtime.Variable;
import io.tallyman.schemas.job.RunnerId;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * Settings of a worker-runner.
 *
 * @param common what every service reads
 * @param id who it is; no two live runners share one
 * @param slots how many attempts it runs at once
 * @param batch how many dispatches it takes at once, and how many slots must be free for that
 * @param runtime what runs the attempts
 * @param dockerHost where the Docker engine listens
 * @param drain how long what runs may go on when the runner is told to stop
 */
public record RunnerSettings(
    CommonSettings common,
    RunnerId id,
    int slots,
    int batch,
    RuntimeChoice runtime,
    String dockerHost,
    Duration drain) {

  public static final Variable<String> ID =
      Variable.text(
          "TALLY_RUNNER_ID",
          "",
          "Name of this runner, 1 to 64 characters A-Z a-z 0-9 . _ -; unset: the host's name. No"
              + " two live runners may share one");

  public static final Variable<Integer> SLOTS =
      Variable.number(
          "TALLY_RUNNER_SLOTS",
          4,
          1,
          4_096,
          "How many attempts the runner runs at once; more is waste beyond what its processors and"
              + " memory carry");

  public static final Variable<Integer> BATCH =
      Variable.number(
          "TALLY_RUNNER_BATCH",
          1,
          1,
          1_000,
          "How many dispatches the runner takes at once, at most its slots; above 1 it waits until"
              + " that many slots are free, which only pays with very many slots");

  public static final Variable<RuntimeChoice> RUNTIME =
      new Variable<>(
          "TALLY_RUNNER_RUNTIME",
          "docker",
          "What runs the jobs: docker; process (development only: isolates nothing); or auto"
              + " (docker when it can run every endpoint's image, else process)",
          RuntimeChoice::parse);

  public static final Variable<String> DOCKER_HOST =
      Variable.text(
          "TALLY_DOCKER_HOST",
          "unix:///var/run/docker.sock",
          "Where the Docker engine listens: unix:///path or tcp://host:port");

  public static final Variable<Duration> DRAIN =
      Variable.duration(
          "TALLY_RUNNER_DRAIN",
          "10s",
          "How long what runs may go on when the runner is told to stop; what has not ended then is"
              + " handed back. 0s: at once. The process needs up to 8s more, so kill it no sooner");

  /** All of its own. */
  public static final List<Variable<?>> ALL =
      List.of(ID, SLOTS, BATCH, RUNTIME, DOCKER_HOST, DRAIN);

  public RunnerSettings {
    if (drain.isNegative()) {
      throw new IllegalArgumentException(
          "%s=%s: Expected a duration of 0s or more".formatted(DRAIN.name(), drain));
    }
    if (batch > slots) {
      throw new IllegalArgumentException(
          "%s=%d: Expected at most as many as %s=%d"
              .formatted(BATCH.name(), batch, SLOTS.name(), slots));
    }
  }

  /**
   * Reads them.
   *
   * @param hostName the name when none is set, such as {@code build-7.example.org}
   * @throws IllegalArgumentException when one is wrong; the message says which and why
   */
  public static RunnerSettings from(Map<String, String> environment, String hostName) {
    var id = ID.from(environment);
    return new RunnerSettings(
        CommonSettings.from(environment),
        runnerId(id.isEmpty() ? hostName : id),
        SLOTS.from(environment),
        BATCH.from(environment),
        RUNTIME.from(environment),
        DOCKER_HOST.from(environment),
        DRAIN.from(environment));
  }

  /** Reads them; the runner's name is the host's when none is set. */
  public static RunnerSettings from(Map<String, String> environment) {
    return from(environment, hostName());
  }

  /** The same with another runtime. */
  public RunnerSettings with(RuntimeChoice other) {
    return new RunnerSettings(common, id, slots, batch, other, dockerHost, drain);
  }

  private static RunnerId runnerId(String text) {
    try {
      return new RunnerId(text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "%s='%s': %s".formatted(ID.name(), text, e.getMessage()), e);
    }
  }

  private static String hostName() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException _) {
      // A host that cannot resolve its own name.
      return "runner-1";
    }
  }
}
