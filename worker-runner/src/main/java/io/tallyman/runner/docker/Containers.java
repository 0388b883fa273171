package io.tallyman.runner.docker;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.exception.ConflictException;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.exception.NotModifiedException;
import com.github.dockerjava.api.model.Container;
import com.github.dockerjava.api.model.Volume;
import io.tallyman.runner.attempt.Attempt;
import io.tallyman.runner.attempt.AttemptId;
import io.tallyman.runner.files.JobFolder;
import io.tallyman.schemas.job.RunnerId;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The containers of one runner: made, filled, emptied, removed. Thread-safe. */
final class Containers {

  private static final Logger LOG = LoggerFactory.getLogger(Containers.class);

  private final DockerClient calls;
  private final RunnerId runner;

  /** Names of those that the engine would not remove. */
  private final Set<String> unremoved = ConcurrentHashMap.newKeySet();

  /**
   * @param calls for short calls
   * @param runner whose they are
   */
  Containers(DockerClient calls, RunnerId runner) {
    this.calls = calls;
    this.runner = runner;
  }

  /** All of this runner, in any state. */
  List<Container> all() {
    return calls
        .listContainersCmd()
        .withShowAll(true)
        .withLabelFilter(Map.of(Sandbox.LABEL_RUNNER, runner.value()))
        .exec();
  }

  /**
   * Creates the container of an attempt. Its name is the key against a second one: what has it was
   * left by a crash, or made by a request of ours whose answer was lost, and is replaced.
   */
  void create(Attempt attempt) {
    try {
      replace(attempt);
    } catch (DockerException e) {
      // The engine's own word.
      throw e;
    } catch (RuntimeException e) {
      // The connection broke: the container may be there, or not, but has not started.
      LOG.warn(
          "{}: no answer to the creation of its container ({}); trying once more",
          attempt.id(),
          DockerEngine.sentence(e));
      replace(attempt);
    }
  }

  private void replace(Attempt attempt) {
    try {
      createOnce(attempt);
    } catch (ConflictException _) {
      LOG.warn("{}: removing a container that an earlier try of it left", attempt.id());
      remove(attempt.id().containerName());
      createOnce(attempt);
    }
  }

  private void createOnce(Attempt attempt) {
    var _ =
        calls
            .createContainerCmd(attempt.endpoint().image())
            .withName(attempt.id().containerName())
            .withLabels(Sandbox.labels(attempt, runner))
            .withUser(Sandbox.USER)
            .withWorkingDir(Sandbox.FOLDER)
            .withVolumes(new Volume(Sandbox.FOLDER))
            .withEnv(Sandbox.environment(attempt))
            // Exactly the endpoint's command, whatever the image would put before it.
            .withEntrypoint(attempt.endpoint().command())
            .withCmd()
            .withStdinOpen(true)
            .withStdInOnce(true)
            .withAttachStdin(true)
            .withHostConfig(Sandbox.hostConfig(attempt.endpoint().limits()))
            .exec();
  }

  /** Puts the job's folder into a container that has not started. */
  void copyIn(JobFolder folder, String container) throws IOException {
    var archive = folder.path().resolveSibling(folder.path().getFileName() + ".tar");
    try {
      try (var out = Files.newOutputStream(archive)) {
        FolderArchive.write(folder, out);
      }
      try (var in = Files.newInputStream(archive)) {
        calls
            .copyArchiveToContainerCmd(container)
            .withRemotePath(Sandbox.FOLDER)
            .withTarInputStream(in)
            .exec();
      }
    } finally {
      Files.deleteIfExists(archive);
    }
  }

  /**
   * Brings a file of the job's folder back, in place of the one here.
   *
   * @param most bytes that are brought; one more shows that there was more
   */
  void copyOut(String name, long most, JobFolder folder, String container) throws IOException {
    var target = folder.path().resolve(name).normalize();
    try (var archive =
        calls.copyArchiveFromContainerCmd(container, Sandbox.FOLDER + "/" + name).exec()) {
      FolderArchive.readFile(archive, target, most);
    } catch (NotFoundException _) {
      // The command left none, or removed what was there.
      Files.deleteIfExists(target);
    }
  }

  /** Kills a container that may have ended. */
  void kill(AttemptId id, String container) {
    try {
      calls.killContainerCmd(container).exec();
    } catch (ConflictException | NotFoundException _) {
      LOG.debug("{}: had ended already", id);
    } catch (RuntimeException e) {
      // The edge to a foreign program. The attempt's end, or the next start, removes it.
      LOG.warn("{}: could not be killed: {}", id, DockerEngine.sentence(e));
    }
  }

  /** Whether some container could not be removed, and is to be tried again. */
  boolean areLeft() {
    return !unremoved.isEmpty();
  }

  /** Tries again to remove what the engine would not. */
  void removeLeft() {
    List.copyOf(unremoved).forEach(this::remove);
  }

  /** Removes a container in any state, with its volume. An interrupt must not leave it behind. */
  void remove(String container) {
    var isInterrupted = Thread.interrupted();
    try {
      calls.removeContainerCmd(container).withForce(true).withRemoveVolumes(true).exec();
      unremoved.remove(container);
    } catch (NotFoundException | NotModifiedException _) {
      LOG.debug("container {} was gone already", container);
      unremoved.remove(container);
    } catch (RuntimeException e) {
      // The edge to a foreign program.
      LOG.warn(
          "container {} could not be removed ({}); trying again when the engine answers",
          container,
          DockerEngine.sentence(e));
      unremoved.add(container);
    } finally {
      if (isInterrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
