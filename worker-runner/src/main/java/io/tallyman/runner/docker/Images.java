package io.tallyman.runner.docker;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.PullImageResultCallback;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.PullResponseItem;
import com.github.dockerjava.core.NameParser;
import io.tallyman.runner.attempt.FailureCode;
import io.tallyman.runner.attempt.Outcome.Failed;
import io.tallyman.runner.attempt.StopSignal;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * The images that an engine has, and can get.
 *
 * @param calls for short calls
 * @param streams for pulls
 */
record Images(DockerClient calls, DockerClient streams) {

  /** Large images take minutes; one that takes longer should be loaded beforehand. */
  static final Duration PULL_PATIENCE = Duration.ofMinutes(10);

  /** Between two lines of progress. */
  private static final Duration PROGRESS_INTERVAL = Duration.ofSeconds(1);

  /**
   * Makes sure that the engine has an image.
   *
   * @param stop ends a pull, which may take minutes
   * @param progress told in lines how a pull goes
   * @return why it does not have it, and could not get it
   */
  Optional<Failed> problem(
      String image, Duration patience, StopSignal stop, Consumer<String> progress)
      throws InterruptedException {
    try {
      calls.inspectImageCmd(image).exec();
      return Optional.empty();
    } catch (NotFoundException _) {
      progress.accept("image '%s' is not here; pulling it".formatted(image));
      return pull(image, patience, stop, progress);
    }
  }

  private Optional<Failed> pull(
      String image, Duration patience, StopSignal stop, Consumer<String> progress)
      throws InterruptedException {
    var name = NameParser.parseRepositoryTag(image);
    var command = streams.pullImageCmd(name.repos);
    if (!name.tag.isEmpty()) {
      command.withTag(name.tag);
    } else if (!image.contains("@")) {
      // Without a tag, the engine would pull all of them.
      command.withTag("latest");
    }
    try (var pulling = command.exec(new Progress(image, progress))) {
      stop.onRequest(() -> cancel(pulling));
      if (!pulling.awaitCompletion(patience.toMillis(), TimeUnit.MILLISECONDS)) {
        return failed(image, "it took longer than %d s".formatted(patience.toSeconds()));
      }
      calls.inspectImageCmd(image).exec();
      progress.accept("image '%s' pulled".formatted(image));
      return Optional.empty();
    } catch (NotFoundException e) {
      return Optional.of(
          new Failed(
              FailureCode.IMAGE_MISSING,
              "Expected the image '%s', but neither the engine nor its registry has it: %s"
                  .formatted(image, DockerEngine.sentence(e))));
    } catch (IOException | RuntimeException e) {
      // The edge to a foreign program, which gives the reason as text.
      var said = DockerEngine.sentence(e);
      return isUnknown(said)
          ? Optional.of(
              new Failed(
                  FailureCode.IMAGE_MISSING,
                  "Expected the image '%s', but neither the engine nor its registry has it: %s"
                      .formatted(image, said)))
          : failed(image, said);
    }
  }

  private static void cancel(PullImageResultCallback pulling) {
    try {
      pulling.close();
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to end a pull", e);
    }
  }

  private static boolean isUnknown(String said) {
    return said.contains("manifest unknown")
        || said.contains("not found")
        || said.contains("pull access denied");
  }

  private static Optional<Failed> failed(String image, String why) {
    return Optional.of(
        new Failed(
            FailureCode.IMAGE_PULL_FAILED,
            "Expected to pull the image '%s', but: %s".formatted(image, why)));
  }

  /** Says at most once a second how far a pull is. */
  private static final class Progress extends PullImageResultCallback {
    private final String image;
    private final Consumer<String> lines;
    private long saidAt = System.nanoTime() - PROGRESS_INTERVAL.toNanos();

    Progress(String image, Consumer<String> lines) {
      this.image = image;
      this.lines = lines;
    }

    @Override
    public void onNext(PullResponseItem item) {
      super.onNext(item);
      if (item.getStatus() != null && System.nanoTime() - saidAt >= PROGRESS_INTERVAL.toNanos()) {
        saidAt = System.nanoTime();
        lines.accept("pulling '%s': %s%s".formatted(image, item.getStatus(), amount(item)));
      }
    }

    private static String amount(PullResponseItem item) {
      var detail = item.getProgressDetail();
      return detail == null || detail.getCurrent() == null || detail.getTotal() == null
          ? ""
          : " %d of %d bytes of layer %s"
              .formatted(detail.getCurrent(), detail.getTotal(), item.getId());
    }
  }
}
