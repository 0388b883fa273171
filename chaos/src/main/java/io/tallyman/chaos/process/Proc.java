package io.tallyman.chaos.process;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** Reads {@code /proc}. What has ended meanwhile is not there; what is another user's neither. */
public final class Proc {

  private static final Path ROOT = Path.of("/proc");
  private static final Pattern THREADS = Pattern.compile("\nThreads:\\s+(\\d+)");
  private static final Pattern RESIDENT = Pattern.compile("\nVmRSS:\\s+(\\d+) kB");
  private static final int BYTES_PER_KB = 1_024;

  private Proc() {}

  /**
   * What a process takes.
   *
   * @param residentBytes of memory
   */
  public record Usage(int threads, long residentBytes) {}

  /**
   * A process.
   *
   * @param startTicks since the machine booted; with the pid it names the process for good
   * @param environment that it was started with
   */
  record Found(long pid, long parent, long startTicks, Map<String, String> environment) {

    /** Its name, used once. */
    String name() {
      return "pid-%d-%d".formatted(pid, startTicks);
    }
  }

  /** What a process takes; empty when there is none of that number. */
  public static Optional<Usage> usage(long pid) {
    return text(ROOT.resolve(Long.toString(pid)).resolve("status"))
        .map(
            status ->
                new Usage((int) number(THREADS, status), number(RESIDENT, status) * BYTES_PER_KB));
  }

  /** Kills every process whose environment has that variable with a path in that folder. */
  public static void killIn(String variable, Path folder) {
    withVariable(variable).stream()
        .filter(
            found ->
                Path.of(found.environment().getOrDefault(variable, "/"))
                    .normalize()
                    .startsWith(folder))
        .map(found -> ProcessHandle.of(found.pid()))
        .flatMap(Optional::stream)
        .forEach(ProcessHandle::destroyForcibly);
  }

  /** All processes with this variable in their environment. */
  static List<Found> withVariable(String name) {
    var found = new ArrayList<Found>();
    try (var entries = Files.newDirectoryStream(ROOT, "[0-9]*")) {
      for (var entry : entries) {
        // The look at the environment first: it sorts out most.
        text(entry.resolve("environ"))
            .filter(environment -> ("\0" + environment).contains("\0" + name + "="))
            .flatMap(environment -> found(entry, environment))
            .ifPresent(found::add);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to list /proc: jobs are watched on Linux alone", e);
    }
    return found;
  }

  private static Optional<Found> found(Path entry, String environment) {
    return text(entry.resolve("stat"))
        .map(
            stat -> {
              // The name in brackets may hold anything; after it come numbers.
              var fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
              return new Found(
                  Long.parseLong(entry.getFileName().toString()),
                  Long.parseLong(fields[1]),
                  Long.parseLong(fields[19]),
                  variables(environment));
            });
  }

  private static Map<String, String> variables(String environment) {
    var variables = new HashMap<String, String>();
    for (var variable : environment.split("\0", -1)) {
      var equals = variable.indexOf('=');
      if (equals > 0) {
        variables.put(variable.substring(0, equals), variable.substring(equals + 1));
      }
    }
    return variables;
  }

  private static long number(Pattern pattern, String text) {
    var found = pattern.matcher(text);
    return found.find() ? Long.parseLong(found.group(1)) : 0;
  }

  private static Optional<String> text(Path file) {
    try {
      return Optional.of(new String(Files.readAllBytes(file), ISO_8859_1));
    } catch (IOException _) {
      return Optional.empty();
    }
  }
}
