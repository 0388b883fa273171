package io.tallyman.runner.docker;

import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.model.Container;
import io.tallyman.runner.attempt.Attempt;
import io.tallyman.runner.attempt.AttemptId;
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
import io.tallyman.runner.files.Transfer;
import io.tallyman.runtime.Service.Health;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobOutput.Channel;
import io.tallyman.schemas.job.RunnerId;
import java.io.IOException;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs each attempt in a container of its own, named after it, see {@link Sandbox}. The container
 * and its volume are gone when {@link #run} returns, or as soon as the engine obeys. A container
 * needs no runner to go on, so what a crash leaves is an orphan: its end, its output and its files
 * are the engine's to tell.
 */
public final class DockerRuntime implements AttemptRuntime {

  /** What a shell, and the init in the container, end with when there is no such command. */
  private static final int NO_SUCH_COMMAND = 127;

  /** States of a container that was started. */
  private static final Set<String> GOING_ON = Set.of("running", "paused", "exited");

  private static final Logger LOG = LoggerFactory.getLogger(DockerRuntime.class);

  private final DockerEngine engine;
  private final Containers containers;
  private final Images images;
  private final JobFolders folders;
  private final AtomicBoolean isTidying = new AtomicBoolean();

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
    this.folders = folders;
  }

  @Override
  public String name() {
    return "docker";
  }

  @Override
  public Health health() {
    var health = engine.health();
    if (health.isReady() && containers.areLeft() && isTidying.compareAndSet(false, true)) {
      Thread.startVirtualThread(this::tidy);
    }
    return health;
  }

  private void tidy() {
    try {
      containers.removeLeft();
    } finally {
      isTidying.set(false);
    }
  }

  @Override
  public Left reap() {
    engine.inspect();
    var orphans = new ArrayList<Left.Orphan>();
    var dead = new LinkedHashSet<AttemptId>();
    for (var container : containers.all()) {
      var id = id(container);
      var orphan = id.flatMap(it -> orphan(it, container));
      if (orphan.isPresent()) {
        orphans.add(orphan.get());
      } else {
        LOG.warn("removing container {} that an earlier run left", (Object) container.getNames());
        containers.remove(container.getId());
        id.ifPresent(dead::add);
      }
    }
    // It may have died between making the folder and the container: while it pulled the image.
    dead.addAll(folders.clear(orphans.stream().map(Left.Orphan::id).toList()));
    return new Left(List.copyOf(dead), orphans);
  }

  private static Optional<AttemptId> id(Container container) {
    var job = container.getLabels().getOrDefault(Sandbox.LABEL_JOB, "");
    var attempt = container.getLabels().getOrDefault(Sandbox.LABEL_ATTEMPT, "");
    return JobId.isLegal(job) && attempt.matches("[1-9]\\d{0,8}")
        ? Optional.of(new AttemptId(new JobId(job), Integer.parseInt(attempt)))
        : Optional.empty();
  }

  /** Empty unless it was started, given its whole input, and labelled by a runner that adopts. */
  private Optional<Left.Orphan> orphan(AttemptId id, Container container) {
    if (!GOING_ON.contains(container.getState())) {
      return Optional.empty();
    }
    try {
      var endpoint =
          new EndpointName(container.getLabels().getOrDefault(Sandbox.LABEL_ENDPOINT, ""));
      var lease = Duration.parse(container.getLabels().getOrDefault(Sandbox.LABEL_LEASE, ""));
      return folders.orphan(id).map(input -> new Left.Orphan(id, endpoint, input, lease));
    } catch (IllegalArgumentException | DateTimeParseException e) {
      LOG.debug("{}: not to be adopted: {}", id, e.toString());
      return Optional.empty();
    }
  }

  @Override
  public void discard(AttemptId id) {
    containers.remove(id.containerName());
    folders.discard(id);
  }

  @Override
  public Outcome resume(Attempt attempt, OutputSink output, StopSignal stop)
      throws InterruptedException {
    output.accept(
        Channel.RUNNER, "the runner was started anew; what was printed so far comes once more");
    return folders.resume(
        attempt,
        output,
        stop,
        (folder, log) -> guarded(attempt, stop, () -> resumed(attempt, stop, folder, log)));
  }

  @Override
  public Outcome run(Attempt attempt, OutputSink output, StopSignal stop)
      throws InterruptedException {
    return folders.around(
        attempt,
        output,
        stop,
        (folder, log) ->
            guarded(
                attempt,
                stop,
                () -> {
                  var missing = image(attempt, output, stop);
                  return missing.isPresent() || stop.isRequested()
                      ? Optional.<Outcome>of(stop.isRequested() ? new Stopped() : missing.get())
                      : contained(attempt, stop, folder, log);
                }));
  }

  /** Work on an attempt's container, which is gone afterwards. */
  @FunctionalInterface
  private interface Work {
    Optional<Outcome> work() throws IOException, InterruptedException;
  }

  private static Optional<Outcome> guarded(Attempt attempt, StopSignal stop, Work work)
      throws IOException, InterruptedException {
    try {
      return work.work();
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
      Attempt attempt, StopSignal stop, JobFolder folder, OutputLog log)
      throws IOException, InterruptedException {
    var container = attempt.id().containerName();
    try {
      containers.create(attempt);
      containers.copyIn(folder, container);
      int exitCode;
      try (var streams = new Streams(engine.streams(), container, log)) {
        streams.attach();
        streams.feed(attempt.input(), folder::markFed);
        try {
          engine.calls().startContainerCmd(container).exec();
        } catch (DockerException e) {
          return Optional.of(notStarted(attempt, e));
        }
        stop.onRequest(() -> containers.kill(attempt.id(), container));
        exitCode = streams.awaitExit();
      }
      return ended(attempt, stop, folder, log, exitCode);
    } finally {
      containers.remove(container);
    }
  }

  private Optional<Outcome> resumed(
      Attempt attempt, StopSignal stop, JobFolder folder, OutputLog log)
      throws IOException, InterruptedException {
    var container = attempt.id().containerName();
    try {
      int exitCode;
      try (var streams = new Streams(engine.streams(), container, log)) {
        streams.replay();
        stop.onRequest(() -> containers.kill(attempt.id(), container));
        exitCode = streams.awaitExit();
      }
      return ended(attempt, stop, folder, log, exitCode);
    } finally {
      containers.remove(container);
    }
  }

  private Optional<Outcome> ended(
      Attempt attempt, StopSignal stop, JobFolder folder, OutputLog log, int exitCode)
      throws IOException {
    log.end();
    if (stop.isRequested()) {
      return Optional.of(new Stopped());
    }
    var container = attempt.id().containerName();
    if (exitCode != 0) {
      return Optional.of(failed(attempt, container, exitCode, log));
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

  private Failed failed(Attempt attempt, String container, int exitCode, OutputLog log) {
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
