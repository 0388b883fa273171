package io.tallyman.runner.files;

import io.tallyman.runner.attempt.Attempt;
import io.tallyman.runner.attempt.AttemptId;
import io.tallyman.runner.attempt.FailureCode;
import io.tallyman.runner.attempt.Outcome;
import io.tallyman.runner.attempt.Outcome.Failed;
import io.tallyman.runner.attempt.Outcome.Stopped;
import io.tallyman.runner.attempt.Outcome.Succeeded;
import io.tallyman.runner.attempt.OutputSink;
import io.tallyman.runner.attempt.StopSignal;
import io.tallyman.runner.files.FileLists.NamedUrl;
import io.tallyman.schemas.job.JobOutput.Channel;
import io.tallyman.schemas.job.RawJson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What comes before and after every run, whatever runs it: a folder with the input and the
 * downloads; then the result, the uploads, and the folder is gone.
 */
public final class JobFolders {

  private static final Logger LOG = LoggerFactory.getLogger(JobFolders.class);

  private final Path root;
  private final Transfer transfer;

  /**
   * @param root holds a folder per running attempt, named like its container
   */
  public JobFolders(Path root, Transfer transfer) {
    this.root = root.toAbsolutePath().normalize();
    this.transfer = transfer;
  }

  /** The part in the middle. */
  @FunctionalInterface
  public interface Run {

    /**
     * Runs the command on the folder.
     *
     * @return empty when it ended with exit code 0, and the folder has what it left; else why not
     */
    Optional<Outcome> in(JobFolder folder, OutputLog log) throws IOException, InterruptedException;
  }

  /** Runs an attempt in a folder of its own. */
  public Outcome around(Attempt attempt, OutputSink output, StopSignal stop, Run run)
      throws InterruptedException {
    var path = path(attempt.id());
    var log = new OutputLog(output, attempt.endpoint().limits());
    try {
      // A crash may have left one under this name.
      delete(path);
      delete(JobFolder.fed(path));
      Files.createDirectories(path);
      Files.write(path.resolve(JobFolder.INPUT), attempt.input().bytes());
      return staged(attempt, path, output, stop, log, run);
    } catch (IOException e) {
      return broken(attempt, path, e);
    } finally {
      discard(attempt.id());
    }
  }

  /** Goes on in the folder of an {@link #orphan}, which has its input and downloads. */
  public Outcome resume(Attempt attempt, OutputSink output, StopSignal stop, Run run)
      throws InterruptedException {
    var path = path(attempt.id());
    var log = new OutputLog(output, attempt.endpoint().limits());
    try {
      return ran(attempt, path, output, stop, log, run);
    } catch (IOException e) {
      return broken(attempt, path, e);
    } finally {
      discard(attempt.id());
    }
  }

  /**
   * The input of an attempt whose folder an earlier process left, once it had {@linkplain
   * JobFolder#markFed given it} to the command; empty when there is no such folder, or it cannot be
   * read.
   */
  public Optional<RawJson> orphan(AttemptId id) {
    var path = path(id);
    if (!Files.exists(JobFolder.fed(path))) {
      return Optional.empty();
    }
    try {
      var input = Files.readAllBytes(path.resolve(JobFolder.INPUT));
      return Optional.of(RawJson.copyOf(input, 0, input.length));
    } catch (IOException e) {
      LOG.warn("{}: the input that an earlier run left cannot be read: {}", id, e.toString());
      return Optional.empty();
    }
  }

  /** Removes the folder of an attempt, if there is one. */
  public void discard(AttemptId id) {
    deleteQuietly(id.toString(), path(id));
    deleteQuietly(id.toString(), JobFolder.fed(path(id)));
  }

  private Path path(AttemptId id) {
    return root.resolve(id.containerName());
  }

  private static Outcome broken(Attempt attempt, Path path, IOException e) {
    LOG.error("{}: its folder {} failed", attempt.id(), path, e);
    return new Failed(
        FailureCode.RUNNER_ERROR, "Expected to keep the job's folder, but its disk failed");
  }

  /** Where the folders are; absolute. */
  public Path root() {
    return root;
  }

  /**
   * Removes every folder that a crash left, and says whose they were. Nothing must run but the
   * orphans, whose folders stay. What cannot be removed is logged and stays; it is in nobody's way,
   * for its attempt does not come again.
   */
  public Set<AttemptId> clear(Collection<AttemptId> orphans) {
    if (!Files.isDirectory(root)) {
      return Set.of();
    }
    var found = new LinkedHashSet<AttemptId>();
    var kept = new HashSet<String>();
    for (var id : orphans) {
      kept.add(path(id).getFileName().toString());
      kept.add(JobFolder.fed(path(id)).getFileName().toString());
    }
    // The prefix alone, for the archive of a folder may lie beside it.
    try (var left = Files.newDirectoryStream(root, "tally-*")) {
      for (var path : left) {
        var name = path.getFileName().toString();
        if (kept.contains(name)) {
          continue;
        }
        LOG.warn("removing {} that an earlier run left", path);
        AttemptId.ofContainerName(name).ifPresent(found::add);
        deleteQuietly(name, path);
      }
    } catch (IOException | DirectoryIteratorException e) {
      LOG.warn("what an earlier run left in {} could not be listed: {}", root, e.toString());
    }
    return found;
  }

  private Outcome staged(
      Attempt attempt, Path path, OutputSink output, StopSignal stop, OutputLog log, Run run)
      throws IOException, InterruptedException {
    var files = FileLists.of(attempt.input());
    try {
      download(files.downloads(), path, output, stop);
    } catch (IOException | IllegalArgumentException e) {
      return unless(stop, FailureCode.DOWNLOAD_FAILED, e);
    }
    return ran(attempt, path, output, stop, log, run);
  }

  private Outcome ran(
      Attempt attempt, Path path, OutputSink output, StopSignal stop, OutputLog log, Run run)
      throws IOException, InterruptedException {
    var files = FileLists.of(attempt.input());
    Map<Path, String> uploads;
    try {
      uploads = targets("upload_urls", files.uploads(), path);
    } catch (IllegalArgumentException e) {
      return unless(stop, FailureCode.UPLOAD_FAILED, e);
    }
    var folder = new JobFolder(path, files.uploads().stream().map(NamedUrl::name).toList());
    var failure = stop.isRequested() ? Optional.<Outcome>of(new Stopped()) : run.in(folder, log);
    if (failure.isPresent()) {
      return failure.get();
    }
    return switch (folder.result(log.lastJson(), attempt.endpoint().limits())) {
      case JobFolder.Result.Bad(var failed) -> failed;
      case JobFolder.Result.Value(var json) -> {
        if (uploads.isEmpty()) {
          yield new Succeeded(json.orElse(RawJson.NULL));
        }
        try {
          upload(uploads, path, output, stop);
          yield new Succeeded(ResultImages.merge(json, files.uploads()));
        } catch (IOException e) {
          yield unless(stop, FailureCode.UPLOAD_FAILED, e);
        }
      }
    };
  }

  private void download(List<NamedUrl> files, Path folder, OutputSink output, StopSignal stop)
      throws IOException, InterruptedException {
    if (files.isEmpty()) {
      return;
    }
    var targets = targets("download_urls", files, folder);
    for (var target : targets.keySet()) {
      Files.createDirectories(Optional.ofNullable(target.getParent()).orElse(folder));
    }
    output.accept(Channel.RUNNER, "downloading %d files".formatted(files.size()));
    transfer.download(targets, stop);
  }

  private void upload(Map<Path, String> files, Path folder, OutputSink output, StopSignal stop)
      throws IOException, InterruptedException {
    for (var file : files.keySet()) {
      if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
        throw new IOException(
            "Expected the job to write '%s', which upload_urls names, but it did not"
                .formatted(folder.relativize(file)));
      }
      if (Files.size(file) > Transfer.MAX_FILE) {
        throw new IOException(
            "Expected '%s' to be at most %d bytes to be uploaded, but it is larger"
                .formatted(folder.relativize(file), Transfer.MAX_FILE));
      }
    }
    output.accept(Channel.RUNNER, "uploading %d files".formatted(files.size()));
    transfer.upload(files, stop);
  }

  private static Map<Path, String> targets(String list, List<NamedUrl> files, Path folder) {
    if (files.size() > FileLists.MAX_FILES) {
      throw new IllegalArgumentException(
          "Expected at most %d files in %s, but got %d"
              .formatted(FileLists.MAX_FILES, list, files.size()));
    }
    var targets = new LinkedHashMap<Path, String>();
    for (var file : files) {
      if (targets.put(file.in(folder), file.url()) != null) {
        throw new IllegalArgumentException(
            "Expected each name once in %s, but '%s' is there twice".formatted(list, file.name()));
      }
    }
    return targets;
  }

  private static Outcome unless(StopSignal stop, FailureCode code, Exception e) {
    return stop.isRequested() ? new Stopped() : new Failed(code, String.valueOf(e.getMessage()));
  }

  private static void deleteQuietly(String owner, Path path) {
    try {
      delete(path);
    } catch (IOException e) {
      LOG.warn("{}: its folder {} could not be removed: {}", owner, path, e.toString());
    }
  }

  private static void delete(Path path) throws IOException {
    if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try (var entries = Files.walk(path)) {
      for (var entry : entries.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(entry);
      }
    } catch (UncheckedIOException e) {
      // A folder that the job closed to everybody.
      throw e.getCause();
    }
  }
}
