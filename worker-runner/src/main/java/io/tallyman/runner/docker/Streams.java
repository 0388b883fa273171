package io.tallyman.runner.docker;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.command.WaitContainerResultCallback;
import com.github.dockerjava.api.model.Frame;
import com.github.dockerjava.api.model.StreamType;
import io.tallyman.runner.files.OutputLog;
import io.tallyman.schemas.job.RawJson;
import java.io.ByteArrayInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What flows between the runner and one container: its input, its output, its end. */
final class Streams implements Closeable {

  /** For the engine to take up an attached stream, and to end it when the container has ended. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private static final Logger LOG = LoggerFactory.getLogger(Streams.class);

  private final DockerClient client;
  private final String container;
  private final Output output;
  private final Input input = new Input();

  Streams(DockerClient client, String container, OutputLog log) {
    this.client = client;
    this.container = container;
    this.output = new Output(log);
  }

  /** Listens to its output. Before the start, so that nothing is missed. */
  void attach() throws InterruptedException {
    client
        .attachContainerCmd(container)
        .withStdOut(true)
        .withStdErr(true)
        .withFollowStream(true)
        .exec(output);
    awaitStarted(output);
  }

  /** Listens to its output from the very beginning on, as the engine kept it. */
  void replay() throws InterruptedException {
    client
        .logContainerCmd(container)
        .withStdOut(true)
        .withStdErr(true)
        .withFollowStream(true)
        .exec(output);
    awaitStarted(output);
  }

  /**
   * Gives the bytes to its standard input, then ends that. The client cannot close one direction of
   * a connection, so the input has one of its own: the engine ends the container's standard input
   * when the one client that was attached to it leaves.
   *
   * @param fed done when all bytes are on their way, unless this is closed before
   */
  void feed(RawJson json, Runnable fed) throws InterruptedException {
    client
        .attachContainerCmd(container)
        .withStdIn(new Source(json.bytes(), fed))
        .withFollowStream(true)
        .exec(input);
    awaitStarted(input);
    Thread.startVirtualThread(input::closeWhenRead);
  }

  /** Waits for the end of the container and of its output, and returns its exit code. */
  int awaitExit() throws InterruptedException {
    try (var wait = client.waitContainerCmd(container).exec(new WaitContainerResultCallback())) {
      wait.awaitCompletion();
      if (!output.awaitCompletion(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
        LOG.warn("container {} ended, but its output did not; the rest is lost", container);
      }
      return wait.awaitStatusCode();
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to close a connection to the engine", e);
    }
  }

  private static void awaitStarted(ResultCallback.Adapter<Frame> stream)
      throws InterruptedException {
    if (!stream.awaitStarted(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new IllegalStateException(
          "Expected the engine to attach within %d s, but it did not"
              .formatted(PATIENCE.toSeconds()));
    }
  }

  @Override
  public void close() throws IOException {
    input.end();
    output.close();
  }

  private static final class Output extends ResultCallback.Adapter<Frame> {
    private final OutputLog log;

    Output(OutputLog log) {
      this.log = log;
    }

    @Override
    public void onNext(Frame frame) {
      var bytes = frame.getPayload();
      if (frame.getStreamType() == StreamType.STDERR) {
        log.stderr(bytes, bytes.length);
      } else {
        log.stdout(bytes, bytes.length);
      }
    }
  }

  private static final class Input extends ResultCallback.Adapter<Frame> {
    private final CountDownLatch read = new CountDownLatch(1);

    /** All was sent. Its monitor keeps {@code fed} from happening after the end. */
    synchronized void sent(Runnable fed) {
      if (read.getCount() > 0) {
        fed.run();
        read.countDown();
      }
    }

    /** Whether or not all was sent. */
    synchronized void end() {
      read.countDown();
    }

    @Override
    public void onError(Throwable throwable) {
      // Its own close looks like an error to the client.
      LOG.debug("standard input ended: {}", throwable.toString());
      onComplete();
    }

    void closeWhenRead() {
      try {
        read.await();
        close();
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      } catch (IOException e) {
        LOG.debug("standard input ended: {}", e.toString());
      }
    }
  }

  /** Tells when the client, having sent all of it, asks for more. */
  private final class Source extends ByteArrayInputStream {
    private final Runnable fed;

    Source(byte[] bytes, Runnable fed) {
      super(bytes);
      this.fed = fed;
    }

    @Override
    public synchronized int read(byte[] into, int from, int length) {
      var count = super.read(into, from, length);
      if (count < 0) {
        input.sent(fed);
      }
      return count;
    }
  }
}
