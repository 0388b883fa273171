package io.tallyman.runner.files;

import io.tallyman.runner.attempt.FailureCode;
import io.tallyman.runner.attempt.Outcome;
import io.tallyman.runner.attempt.Outcome.Failed;
import io.tallyman.runtime.endpoints.Endpoint.Limits;
import io.tallyman.schemas.job.RawJson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * An attempt's folder on the runner's disk: {@code input.json} and the downloads before the run,
 * the result and the files to upload after it.
 *
 * @param path absolute
 * @param wanted names of the files to have after a successful run, beside the result
 */
public record JobFolder(Path path, List<String> wanted) {

  /** The input, as it came. */
  public static final String INPUT = "input.json";

  /** Where a command leaves its result. */
  public static final String OUTPUT = "output.json";

  public JobFolder {
    wanted = List.copyOf(wanted);
  }

  /**
   * Marks that the command has been given all of its input, so that it can do without this process:
   * another one finds it by {@link JobFolders#orphan}. To be called while it runs.
   *
   * @throws UncheckedIOException when the disk fails
   */
  public void markFed() {
    try {
      Files.write(fed(path), new byte[0]);
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to mark that the input was given", e);
    }
  }

  /** Beside the folder: the job may write to the folder itself. */
  static Path fed(Path folder) {
    return folder.resolveSibling(folder.getFileName() + ".fed");
  }

  /**
   * What a command that ended with exit code 0 leaves: its {@code output.json}, else its last line
   * of JSON, else nothing.
   */
  Result result(Optional<RawJson> lastJson, Limits limits) throws IOException {
    var file = path.resolve(OUTPUT);
    if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      return lastJson.filter(json -> json.size() > limits.output()).isPresent()
          ? tooLarge(limits)
          : new Result.Value(lastJson);
    }
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      return new Result.Bad(
          new Failed(
              FailureCode.OUTPUT_INVALID, "Expected output.json to be a file, but it is not"));
    }
    if (Files.size(file) > limits.output()) {
      return tooLarge(limits);
    }
    var value = JsonText.parse(Files.readAllBytes(file));
    return value.isPresent()
        ? new Result.Value(value)
        : new Result.Bad(
            new Failed(
                FailureCode.OUTPUT_INVALID,
                "Expected output.json to be one JSON value in UTF-8, but it is not"));
  }

  private static Result tooLarge(Limits limits) {
    return new Result.Bad(
        new Failed(
            FailureCode.OUTPUT_TOO_LARGE,
            "Expected a result of at most %d bytes, but it is larger".formatted(limits.output())));
  }

  /** What was left. */
  sealed interface Result {
    /** A value, or nothing. */
    record Value(Optional<RawJson> json) implements Result {}

    /** Something that is no result. */
    record Bad(Outcome.Failed failed) implements Result {}
  }
}
