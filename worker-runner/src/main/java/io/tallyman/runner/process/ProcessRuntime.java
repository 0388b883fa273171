package io.tallyman.runner.process;

import io.tallyman.runner.attempt.Attempt;
import io.tallyman.runner.attempt.AttemptRuntime;
import io.tallyman.runner.attempt.FailureCode;
import io.tallyman.runner.attempt.Left;
import io.tallyman.runner.attempt.Outcome;
import io.tallyman.runner.attempt.Outcome.Failed;
import io.tallyman.runner.attempt.Outcome.Stopped;
import io.tallyman.runner.attempt.OutputSink;
import io.tallyman.runner.attempt.StopSignal;
import io.tallyman.runner.files.Failures;
import io.tallyman.runner.files.JobFolder;
import io.tallyman.runner.files.JobFolders;
import io.tallyman.runner.files.OutputLog;
import io.tallyman.runtime.Service.Health;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ObjIntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs attempts as processes of this host, in a folder of their own: for development without a
 * Docker engine. A job can do here whatever the runner's user can, and no limit but those on output
 * holds.
 */
public final class ProcessRuntime implements AttemptRuntime {

  private static final String PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

  /** With every process of the attempt dead, its pipes end at once. */
  private static final Duration PIPE_PATIENCE = Duration.ofSeconds(2);

  /** For killed processes to be gone: milliseconds, but the heartbeats wait for it. */
  private static final Duration REAP_PATIENCE = Duration.ofSeconds(2);

  private static final Logger LOG = LoggerFactory.getLogger(ProcessRuntime.class);

  private final JobFolders folders;
  private final String path;

  /**
   * @param path where commands are looked for, as in the variable {@code PATH}
   */
  public ProcessRuntime(JobFolders folders, Optional<String> path) {
    this.folders = folders;
    this.path = path.orElse(PATH);
    LOG.warn(
        "THE PROCESS RUNTIME ISOLATES NOTHING: jobs run as this user on this host, without limits"
            + " on memory, processor or network. For development only; set"
            + " TALLY_RUNNER_RUNTIME=docker");
  }

  @Override
  public String name() {
    return "process";
  }

  @Override
  public Health health() {
    return Health.ready("process", "runs jobs as this user, without isolation");
  }

  @Override
  public Left reap() {
    // Nobody can go on with them: their output went to pipes, which died with their reader. First
    // what may still write, then what it writes to.
    ProcessTree.under(folders.root()).killLeft(REAP_PATIENCE);
    return new Left(List.copyOf(folders.clear(List.of())), List.of());
  }

  @Override
  public Outcome run(Attempt attempt, OutputSink output, StopSignal stop)
      throws InterruptedException {
    return folders.around(attempt, output, stop, (folder, log) -> run(attempt, folder, log, stop));
  }

  private Optional<Outcome> run(Attempt attempt, JobFolder folder, OutputLog log, StopSignal stop)
      throws InterruptedException {
    var tree = ProcessTree.of(folder.path());
    Process process;
    try {
      process = builder(attempt, folder).start();
    } catch (IOException e) {
      return Optional.of(
          new Failed(
              FailureCode.COMMAND_NOT_FOUND,
              "Expected to start '%s' on this host, but: %s"
                  .formatted(attempt.endpoint().command().getFirst(), e.getMessage())));
    }
    try {
      stop.onRequest(() -> tree.kill(process));
      var stdout = pump(process.getInputStream(), log::stdout);
      var stderr = pump(process.getErrorStream(), log::stderr);
      var exitCode = process.waitFor();
      // As in a container, nothing outlives the command; it would also hold the pipes open.
      tree.kill(process);
      if (!stdout.join(PIPE_PATIENCE) || !stderr.join(PIPE_PATIENCE)) {
        LOG.warn("{}: a process that hid itself holds its output open; not waiting", attempt.id());
      }
      log.end();
      if (stop.isRequested()) {
        return Optional.of(new Stopped());
      }
      return exitCode == 0 ? Optional.empty() : Optional.of(Failures.exitCode(exitCode, log));
    } finally {
      tree.kill(process);
    }
  }

  private ProcessBuilder builder(Attempt attempt, JobFolder folder) {
    var builder =
        new ProcessBuilder(attempt.endpoint().command())
            .directory(folder.path().toFile())
            .redirectInput(folder.path().resolve(JobFolder.INPUT).toFile());
    var environment = builder.environment();
    // Nothing of the runner's own: it may hold secrets.
    environment.clear();
    environment.putAll(Map.of("PATH", path, "HOME", folder.path().toString(), "LANG", "C.UTF-8"));
    environment.putAll(attempt.endpoint().environment());
    environment.put("TALLY_JOB_ID", attempt.id().jobId().value());
    environment.put("TALLY_ATTEMPT", Integer.toString(attempt.id().attempt()));
    environment.put(ProcessTree.MARK, folder.path().toString());
    return builder;
  }

  private static Thread pump(InputStream from, ObjIntConsumer<byte[]> to) {
    return Thread.startVirtualThread(
        () -> {
          var buffer = new byte[8_192];
          try (from) {
            for (int read = from.read(buffer); read >= 0; read = from.read(buffer)) {
              to.accept(buffer, read);
            }
          } catch (IOException e) {
            // The pipe of a killed process.
            LOG.debug("output ended: {}", e.toString());
          }
        });
  }
}
