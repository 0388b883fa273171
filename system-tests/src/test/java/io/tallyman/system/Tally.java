package io.tallyman.system;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/** The command {@code ./tally} as a user types it: a process, its output, its end. */
final class Tally implements AutoCloseable {

  private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(90);
  private static final Pattern API = Pattern.compile("API +(http://\\S+)");

  private final Process process;
  private final List<String> output = Collections.synchronizedList(new ArrayList<>());

  private Tally(Process process) {
    this.process = process;
    Thread.ofVirtual().start(this::readOutput);
  }

  static Tally start(Map<String, String> environment, String... arguments) {
    return startFrom(ROOT, environment, arguments);
  }

  /** The command of another version, whose sources are in this folder. */
  static Tally startFrom(Path root, Map<String, String> environment, String... arguments) {
    return start(List.of(root.resolve("tally").toString()), environment, arguments);
  }

  /** What the command runs in the end, without the shell script before it. */
  static Tally startJar(Map<String, String> environment, String... arguments) {
    var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    return start(
        List.of(
            java,
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Xmx256m",
            "-XX:TieredStopAtLevel=1",
            "-jar",
            ROOT.resolve("cli/target/tally.jar").toString()),
        environment,
        arguments);
  }

  private static Tally start(
      List<String> program, Map<String, String> environment, String... arguments) {
    var command = new ArrayList<>(program);
    command.addAll(List.of(arguments));
    var builder = new ProcessBuilder(command).directory(ROOT.toFile()).redirectErrorStream(true);
    builder.environment().putAll(environment);
    try {
      return new Tally(builder.start());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * {@code tally dev}, ready; on a free port, with processes unless the arguments say otherwise.
   */
  static Tally dev(Path dataDir, String... more) {
    return dev(Map.of(), dataDir, more);
  }

  /** The same with variables in its environment. */
  static Tally dev(Map<String, String> environment, Path dataDir, String... more) {
    var tally = starting(environment, dataDir, more);
    tally.awaitLine(line -> line.contains("Ctrl-C stops"));
    return tally;
  }

  /** The same, not ready yet. */
  static Tally starting(Map<String, String> environment, Path dataDir, String... more) {
    var arguments =
        new ArrayList<>(List.of("dev", "--port", "0", "--data-dir", dataDir.toString()));
    arguments.addAll(List.of(more));
    if (!arguments.contains("--runtime")) {
      arguments.addAll(List.of("--runtime", "process"));
    }
    return start(environment, arguments.toArray(String[]::new));
  }

  /** {@code http://127.0.0.1:port}, as it was printed. */
  String apiUrl() {
    return printed(API);
  }

  /** The first group of the first line that the pattern is found in. */
  String printed(Pattern pattern) {
    return output().stream()
        .map(pattern::matcher)
        .filter(java.util.regex.Matcher::find)
        .map(matcher -> matcher.group(1))
        .findFirst()
        .orElseThrow(() -> new AssertionError(pattern + " was not printed in " + output()));
  }

  List<String> output() {
    synchronized (output) {
      return List.copyOf(output);
    }
  }

  void awaitLine(Predicate<String> line) {
    Await.until(
        LONGEST_WAIT,
        () -> "the line was not printed; the output is:\n" + String.join("\n", output()),
        () -> output().stream().anyMatch(line) || !process.isAlive());
    if (output().stream().noneMatch(line)) {
      throw new AssertionError("tally ended early:\n" + String.join("\n", output()));
    }
  }

  /** Waits for its own end; the exit code. */
  int awaitExit(Duration limit) {
    try {
      if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new AssertionError("still running after " + limit + ":\n" + output());
      }
      return process.exitValue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted", e);
    }
  }

  /** What Ctrl-C does. */
  void interrupt() {
    signal("INT");
  }

  /** Pulls the plug. */
  void kill() {
    process.destroyForcibly();
    awaitExit(Duration.ofSeconds(5));
  }

  void signal(String name) {
    try {
      new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Number of the process: that of the JVM, which takes the place of the shell. */
  long pid() {
    return process.pid();
  }

  /** All processes below it, such as its Redis. */
  List<ProcessHandle> descendants() {
    return process.descendants().toList();
  }

  @Override
  public void close() {
    if (process.isAlive()) {
      process.destroy();
      try {
        if (!process.waitFor(10, TimeUnit.SECONDS)) {
          process.destroyForcibly();
        }
      } catch (InterruptedException e) {
        process.destroyForcibly();
        Thread.currentThread().interrupt();
      }
    }
  }

  private void readOutput() {
    try (var reader =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (var line = reader.readLine(); line != null; line = reader.readLine()) {
        output.add(line);
      }
    } catch (IOException e) {
      output.add("(output lost: " + e + ")");
    }
  }
}
