package io.tallyman.chaos.nemesis;

import io.tallyman.chaos.cluster.Await;
import io.tallyman.chaos.cluster.Cluster;
import io.tallyman.chaos.cluster.Names;
import io.tallyman.chaos.cluster.Node;
import io.tallyman.chaos.process.Proc;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What runs of jobs at this moment: containers of our runners, or their child processes. */
public final class Jobs {

  private static final Duration SEARCH_LIMIT = Duration.ofSeconds(4);
  private static final String NONE = "none";

  /** The variable of every process of an attempt. */
  private static final String JOB_FOLDER = "TALLY_JOB_DIR";

  private final Cluster cluster;
  private final Optional<String> dockerHost;

  /**
   * @param dockerHost as for the runners; nothing: jobs are processes
   */
  public Jobs(Cluster cluster, Optional<String> dockerHost) {
    this.cluster = cluster;
    this.dockerHost = dockerHost;
  }

  /** The fault that kills one of them; there may be none to kill. */
  Fault killOne(long choice) throws InterruptedException {
    var found = new ArrayList<String>();
    Await.until(
        SEARCH_LIMIT,
        () -> {
          found.addAll(dockerHost.isPresent() ? containers() : processes());
          return !found.isEmpty();
        });
    if (found.isEmpty()) {
      return new Fault(NONE, "no job ran", Fault.NOTHING, Fault.NOTHING);
    }
    var victim = found.get((int) Math.floorMod(choice, (long) found.size()));
    return new Fault(victim, "SIGKILL", () -> kill(victim), Fault.NOTHING);
  }

  /** Removes all of them, ended ones too: nobody will, once the runners are gone. */
  public void removeAll() {
    if (dockerHost.isPresent()) {
      containers("--all").forEach(container -> docker("rm", "--force", container));
    } else {
      Proc.killIn(JOB_FOLDER, cluster.data().toAbsolutePath().normalize());
    }
  }

  private void kill(String victim) {
    if (dockerHost.isPresent()) {
      // One that has ended meanwhile is no failure.
      docker("kill", victim);
    } else {
      ProcessHandle.of(Long.parseLong(victim)).ifPresent(ProcessHandle::destroyForcibly);
    }
  }

  private List<String> processes() {
    return Names.RUNNERS.stream()
        .map(name -> cluster.node(name).handle())
        .flatMap(Optional::stream)
        .flatMap(ProcessHandle::children)
        .map(child -> Long.toString(child.pid()))
        .toList();
  }

  private List<String> containers(String... options) {
    return Names.RUNNERS.stream()
        .map(cluster::node)
        .map(Node::name)
        .map(
            runner ->
                docker(
                    Stream.concat(
                            Stream.of(
                                "ps",
                                "--format",
                                "{{.Names}}",
                                "--filter",
                                "label=tallyman.runner=" + runner),
                            Stream.of(options))
                        .toArray(String[]::new)))
        .flatMap(names -> Arrays.stream(names.split("\\s+", -1)))
        .filter(name -> !name.isEmpty())
        .toList();
  }

  /** What the command line client says. */
  private String docker(String... arguments) {
    var command = new ArrayList<>(List.of("docker", "-H", dockerHost.orElseThrow()));
    command.addAll(List.of(arguments));
    try {
      var process = new ProcessBuilder(command).redirectErrorStream(true).start();
      var output =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      return process.waitFor() == 0 ? output : "";
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to run " + command, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "";
    }
  }
}
