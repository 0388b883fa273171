package io.tallyman.chaos.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One process of the cluster under its name, such as {@code broker-2}: dead or alive, frozen or
 * not, started again with the same command as often as need be. All its lives write to one file.
 * Thread-safe.
 */
public final class Node {

  private final String name;
  private final List<String> command;
  private final Map<String, String> environment;
  private final Path folder;
  private @Nullable Process process;
  private boolean isRetired;

  /**
   * @param environment added to that of this process
   * @param folder to work in; its output goes to {@code NAME.log} there
   */
  Node(String name, List<String> command, Map<String, String> environment, Path folder) {
    this.name = name;
    this.command = List.copyOf(command);
    this.environment = Map.copyOf(environment);
    this.folder = folder;
  }

  /** Such as {@code worker-runner-1}. */
  public String name() {
    return name;
  }

  /** Where the output of all its lives is. */
  public Path log() {
    return folder.resolve(name + ".log");
  }

  /** Starts it unless it runs; does not wait until it is ready. */
  public synchronized void start() {
    if (isAlive() || isRetired) {
      return;
    }
    var builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()));
    // Settings of whoever runs the harness are none of the product's.
    builder.environment().keySet().removeIf(variable -> variable.startsWith("TALLY_"));
    builder.environment().putAll(environment);
    try {
      process = builder.start();
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to start %s with %s".formatted(name, command), e);
    }
  }

  /** Whether there is a process, frozen or not. */
  public synchronized boolean isAlive() {
    return process != null && process.isAlive();
  }

  /** Pulls the plug: SIGKILL. What it had started lives on. Returns when it is gone. */
  public synchronized void kill() {
    handle()
        .ifPresent(
            running -> {
              running.destroyForcibly();
              running.onExit().join();
            });
  }

  /** Kills it for good: whoever still wants to start it does not. */
  public synchronized void retire() {
    isRetired = true;
    kill();
  }

  /** SIGSTOP, to what it started too: it holds its connections and does nothing. */
  public synchronized void freeze() {
    signal("STOP");
  }

  /** SIGCONT. */
  public synchronized void thaw() {
    signal("CONT");
  }

  /**
   * SIGTERM, as an operator stops it.
   *
   * @return its exit code; nothing when it did not end in time, and was killed, or did not run
   */
  public synchronized Optional<Integer> terminate(Duration limit) throws InterruptedException {
    var running = process;
    if (running == null || !running.isAlive()) {
      return Optional.empty();
    }
    running.destroy();
    if (running.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
      return Optional.of(running.exitValue());
    }
    kill();
    return Optional.empty();
  }

  /** The process, when there is one. */
  public synchronized Optional<ProcessHandle> handle() {
    return Optional.ofNullable(process).filter(Process::isAlive).map(Process::toHandle);
  }

  private void signal(String signal) {
    var running = handle();
    if (running.isEmpty()) {
      return;
    }
    var command = new ArrayList<>(List.of("kill", "-" + signal));
    Stream.concat(running.stream(), running.orElseThrow().descendants())
        .forEach(one -> command.add(Long.toString(one.pid())));
    try {
      // One that has ended meanwhile is no failure.
      new ProcessBuilder(command).redirectErrorStream(true).start().waitFor();
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to run " + command, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
