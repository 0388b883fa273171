package io.tallyman.runner.process;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * Every process that belongs to one attempt: the descendants of its command, and on Linux also
 * those that left the tree, known by a variable in their environment that names the job's folder.
 */
final class ProcessTree {

  /** The variable that all processes of an attempt inherit. */
  static final String MARK = "TALLY_JOB_DIR";

  /** A process may start others while it is looked for; after a few rounds there is none left. */
  private static final int ROUNDS = 5;

  private static final Path PROC = Path.of("/proc");
  private static final Predicate<String> IS_PID = Pattern.compile("\\d+").asMatchPredicate();

  private final String mark;

  ProcessTree(Path folder) {
    // Between two NUL bytes, so that no other folder's name begins with it.
    this.mark = "\0%s=%s\0".formatted(MARK, folder);
  }

  /** Kills all of them. Harmless when they are gone. */
  void kill(Process command) {
    for (int round = 0; round < ROUNDS; round++) {
      var alive = members(command);
      if (alive.isEmpty()) {
        return;
      }
      alive.forEach(ProcessHandle::destroyForcibly);
    }
  }

  private Set<ProcessHandle> members(Process command) {
    var members = new HashSet<ProcessHandle>();
    if (command.isAlive()) {
      command.descendants().forEach(members::add);
      members.add(command.toHandle());
    }
    if (Files.isDirectory(PROC)) {
      try (var entries = Files.newDirectoryStream(PROC)) {
        for (var entry : entries) {
          var pid = String.valueOf(entry.getFileName());
          if (IS_PID.test(pid) && isMarked(entry)) {
            ProcessHandle.of(Long.parseLong(pid)).ifPresent(members::add);
          }
        }
      } catch (IOException _) {
        // Descendants are all that can be known here.
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
