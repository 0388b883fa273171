package io.tallyman.runner.docker;

import com.github.dockerjava.api.exception.DockerException;
import io.tallyman.runner.attempt.Attempt;
import io.tallyman.runner.attempt.AttemptId;
import io.tallyman.runner.attempt.AttemptRuntime;
import io.tallyman.runner.attempt.FailureCode;
import io.tallyman.runner.attempt.Outcome;
import io.tallyman.runner.attempt.Outcome.Failed;
import io.tallyman.runner.attempt.Outcome.Stopped;
import io.tallyman.runner.attempt.OutputSink;
import io.tallyman.runner.attempt.StopSignal;
import io.tallyman.runner.files.Failures;
import io.tallyman.runner.files.JobFolder;
import io.tallyman.runner.files.JobFolders;
import io.tallyman.runner.files.OutputLog;
import io.tallyman.runner.files.Transfer;
import io.tallyman.runtime.Service.Health;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobOutput.Channel;
import io.tallyman.schemas.job.RunnerId;
import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs each attempt in a container of its own, named after it, see {@link Sandbox}. The container
 * and its volume are gone when {@link #run} returns; what a crash leaves is removed by {@link
 * #reap()}.
 */
public final class DockerRuntime implements AttemptRuntime {

  /** What a shell, and the init in the container, end with when there is no such command. */
  private static final int NO_SUCH_COMMAND = 127;

  private static final Logger LOG = LoggerFactory.getLogger(DockerRuntime.class);

  private final DockerEngine engine;
  private final Containers containers;
  private final Images images;
  private final RunnerId runner;
  private final JobFolders folders;

  /**
   * Connects on first use.
   *
   * @param host {@code unix:///path} or {@code tcp://host:port}
   * @param slots how many attempts run at once
   */
  public DockerRuntime(String host, RunnerId runner, JobFolders folders, int slots) {
    this.engine = new DockerEngine(host, slots);
    this.containers = new Containers(engine.calls(), runner);
    this.images = new Images(engine.calls(), engine.streams());
    this.runner = runner;
    this.folders = folders;
  }

  @Override
  public String name() {
    return "docker";
  }

  @Override
  public Health health() {
    return engine.health();
  }

  @Override
  public List<AttemptId> reap() {
    engine.inspect();
    var found = new LinkedHashSet<AttemptId>();
    var left =
        engine
            .calls()
            .listContainersCmd()
            .withShowAll(true)
            .withLabelFilter(Map.of(Sandbox.LABEL_RUNNER, runner.value()))
            .exec();
    for (var container : left) {
      LOG.warn("removing container {} that an earlier run left", (Object) container.getNames());
      containers.remove(container.getId());
      var job = container.getLabels().getOrDefault(Sandbox.LABEL_JOB, "");
      var attempt = container.getLabels().getOrDefault(Sandbox.LABEL_ATTEMPT, "");
      if (JobId.isLegal(job) && attempt.matches("[1-9]\\d{0,8}")) {
        found.add(new AttemptId(new JobId(job), Integer.parseInt(attempt)));
      }
    }
    // It may have died between making the folder and the container: while it pulled the image.
    found.addAll(folders.clear());
    return List.copyOf(found);
  }

  @Override
  public Outcome run(Attempt attempt, OutputSink output, StopSignal stop)
      throws InterruptedException {
    return folders.around(
        attempt, output, stop, (folder, log) -> run(attempt, output, stop, folder, log));
  }

  private Optional<Outcome> run(
      Attempt attempt, OutputSink output, StopSignal stop, JobFolder folder, OutputLog log)
      throws IOException, InterruptedException {
    try {
      var missing = image(attempt, output, stop);
      if (missing.isPresent() || stop.isRequested()) {
        return Optional.of(stop.isRequested() ? new Stopped() : missing.get());
      }
      var container = containers.create(attempt);
      try {
        return contained(attempt, stop, folder, log, container);
      } finally {
        containers.remove(container);
      }
    } catch (RuntimeException e) {
      // The edge to a foreign program: its client throws all kinds.
      if (stop.isRequested()) {
        return Optional.of(new Stopped());
      }
      LOG.warn("{}: the Docker engine failed", attempt.id(), e);
      return Optional.of(DockerEngine.unavailable("run a container", e));
    }
  }

  private Optional<Failed> image(Attempt attempt, OutputSink output, StopSignal stop)
      throws InterruptedException {
    return images.problem(
        attempt.endpoint().image(),
        Images.PULL_PATIENCE,
        stop,
        line -> {
          LOG.info("{}: {}", attempt.id(), line);
          output.accept(Channel.RUNNER, line);
        });
  }

  private Optional<Outcome> contained(
      Attempt attempt, StopSignal stop, JobFolder folder, OutputLog log, String container)
      throws IOException, InterruptedException {
    containers.copyIn(folder, container);
    int exitCode;
    try (var streams = new Streams(engine.streams(), container, log)) {
      streams.attach();
      streams.feed(attempt.input());
      try {
        engine.calls().startContainerCmd(container).exec();
      } catch (DockerException e) {
        return Optional.of(notStarted(attempt, e));
      }
      stop.onRequest(() -> containers.kill(attempt.id(), container));
      exitCode = streams.awaitExit();
    }
    log.end();
    if (stop.isRequested()) {
      return Optional.of(new Stopped());
    }
    if (exitCode != 0) {
      return Optional.of(ended(attempt, container, exitCode, log));
    }
    containers.copyOut(JobFolder.OUTPUT, attempt.endpoint().limits().output(), folder, container);
    for (var name : folder.wanted()) {
      containers.copyOut(name, Transfer.MAX_FILE, folder, container);
    }
    return Optional.empty();
  }

  private static Failed notStarted(Attempt attempt, DockerException e) {
    var said = DockerEngine.sentence(e);
    return said.contains("executable file not found")
            || said.contains("no such file or directory")
            || said.contains("permission denied")
        ? commandNotFound(attempt, said)
        : DockerEngine.unavailable("start the container", e);
  }

  private Failed ended(Attempt attempt, String container, int exitCode, OutputLog log) {
    var state = engine.calls().inspectContainerCmd(container).exec().getState();
    if (Boolean.TRUE.equals(state.getOOMKilled())) {
      return new Failed(
          FailureCode.OUT_OF_MEMORY,
          "Expected to need at most %d bytes of memory, but was killed for more"
              .formatted(attempt.endpoint().limits().memory()));
    }
    if (exitCode == NO_SUCH_COMMAND && log.stderrTail().contains("[FATAL tini")) {
      return commandNotFound(attempt, log.stderrTail());
    }
    return Failures.exitCode(exitCode, log);
  }

  private static Failed commandNotFound(Attempt attempt, String said) {
    return new Failed(
        FailureCode.COMMAND_NOT_FOUND,
        "Expected the image '%s' to have the command '%s', but: %s"
            .formatted(attempt.endpoint().image(), attempt.endpoint().command().getFirst(), said));
  }

  @Override
  public void close() {
    engine.close();
  }
}
