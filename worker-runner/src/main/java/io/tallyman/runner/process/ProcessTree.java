package io.tallyman.runner.process;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Every process that belongs to one attempt: the descendants of its command, and on Linux also
 * those that left the tree, known by a variable in their environment that names the job's folder.
 * Or those of all attempts of a runner that is gone, by that variable alone.
 */
final class ProcessTree {

  /** The variable that all processes of an attempt inherit. */
  static final String MARK = "TALLY_JOB_DIR";

  /** A process may start others while it is looked for; after a few rounds there is none left. */
  private static final int ROUNDS = 5;

  private static final Path PROC = Path.of("/proc");
  private static final Predicate<String> IS_PID = Pattern.compile("\\d+").asMatchPredicate();

  private static final Logger LOG = LoggerFactory.getLogger(ProcessTree.class);

  private final String mark;

  private ProcessTree(String mark) {
    this.mark = mark;
  }

  /** The processes of the attempt with this folder. */
  static ProcessTree of(Path folder) {
    // Between two NUL bytes, so that no other folder's name begins with it.
    return new ProcessTree("\0%s=%s\0".formatted(MARK, folder));
  }

  /** The processes of all attempts with a folder in this one. */
  static ProcessTree under(Path root) {
    return new ProcessTree("\0%s=%s/".formatted(MARK, root));
  }

  /** Kills all of them. Harmless when they are gone. */
  void kill(Process command) {
    for (int round = 0; round < ROUNDS; round++) {
      var alive = marked();
      if (command.isAlive()) {
        command.descendants().forEach(alive::add);
        alive.add(command.toHandle());
      }
      if (alive.isEmpty()) {
        return;
      }
      alive.forEach(ProcessHandle::destroyForcibly);
    }
  }

  /** Kills those that are marked, whatever started them, and waits until they are gone. */
  void killLeft(Duration patience) {
    var deadline = System.nanoTime() + patience.toNanos();
    for (var alive = marked(); !alive.isEmpty(); alive = marked()) {
      for (var process : alive) {
        LOG.warn("killing process {} that an earlier run left", process.pid());
        process.destroyForcibly();
      }
      for (var process : alive) {
        try {
          process.onExit().get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
        } catch (ExecutionException | TimeoutException _) {
          LOG.warn("process {} does not die; going on without it", process.pid());
          return;
        } catch (InterruptedException _) {
          Thread.currentThread().interrupt();
          return;
        }
      }
    }
  }

  private Set<ProcessHandle> marked() {
    var members = new HashSet<ProcessHandle>();
    if (Files.isDirectory(PROC)) {
      try (var entries = Files.newDirectoryStream(PROC)) {
        for (var entry : entries) {
          var pid = String.valueOf(entry.getFileName());
          if (IS_PID.test(pid) && isMarked(entry)) {
            ProcessHandle.of(Long.parseLong(pid)).ifPresent(members::add);
          }
        }
      } catch (IOException _) {
        // Those found, and descendants, are all that can be known here.
        return members;
      }
    }
    return members;
  }

  private boolean isMarked(Path process) {
    return environment(process).filter(text -> text.contains(mark)).isPresent();
  }

  private static Optional<String> environment(Path process) {
    try {
      var bytes = Files.readAllBytes(process.resolve("environ"));
      return Optional.of("\0" + new String(bytes, ISO_8859_1));
    } catch (IOException _) {
      // Ended meanwhile, or somebody else's.
      return Optional.empty();
    }
  }
}
