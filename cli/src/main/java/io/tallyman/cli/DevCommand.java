package io.tallyman.cli;

import io.tallyman.schemas.job.EndpointName;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeoutException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tally dev}: everything in one process, until Ctrl-C; the data stays. */
@Command(
    name = "dev",
    mixinStandardHelpOptions = true,
    description = "Run everything in one process on this machine, until Ctrl-C. The data stays.")
final class DevCommand implements Callable<Integer> {

  @Option(
      names = "--port",
      defaultValue = "8080",
      description = "Port of the API on loopback; 0: any free one (default: ${DEFAULT-VALUE}).")
  private int port;

  @Option(
      names = "--data-dir",
      defaultValue = ".tally/data",
      description = "Folder of all data (default: ${DEFAULT-VALUE}).")
  private Path dataDir = Path.of(".tally", "data");

  @Mixin private final RuntimeOption runtime = new RuntimeOption();

  @Option(
      names = "--fresh",
      description = "Begin with an empty data folder (default: keep what an earlier run left).")
  private boolean isFresh;

  @Option(names = "--keep", description = "Keep what an earlier run left: the default.")
  private boolean isKept;

  @Override
  public Integer call() throws InterruptedException, TimeoutException {
    if (isFresh && isKept) {
      throw new IllegalArgumentException("--fresh and --keep exclude each other: give one");
    }
    if (isFresh) {
      Folders.delete(dataDir);
    }
    requireFree(port);
    var log = EmbeddedLog.in(dataDir);
    System.out.println("Tallyman, development mode: one machine, no replication, no API key.");
    var started = System.nanoTime();
    var stop = new CountDownLatch(1);
    var stopped = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stopAndWait(stop, stopped), "stop"));
    try (var stack =
        new Stack(
            new Stack.Options(
                dataDir,
                port,
                Map.of("TALLY_RUNNER_RUNTIME", runtime.setting()),
                Optional.empty()))) {
      stack.awaitReady();
      announce(stack, log, Duration.ofNanos(System.nanoTime() - started));
      stop.await();
      System.out.println("\nStopping …");
    } finally {
      stopped.countDown();
    }
    return CommandLine.ExitCode.OK;
  }

  private void announce(Stack stack, Path log, Duration startTime) {
    Announcement.print(System.out, stack, startTime);
    Announcement.line(System.out, "endpoints", stack.endpointsFile() + "  (edit, then restart)");
    Announcement.line(System.out, "data", dataDir + "  (kept; --fresh begins anew)");
    Announcement.line(System.out, "log", log.toString());
    System.out.printf(
        """

        Try:
          curl -s %s/runsync -H 'Content-Type: application/json' -d '{"input":{"name":"Ada"}}'

        Ctrl-C stops.
        """,
        stack.endpointUrl(EndpointName.DEFAULT));
    System.out.flush();
  }

  /** The JVM ends when its hooks are done, so the hook waits for the stack to be down. */
  private static void stopAndWait(CountDownLatch stop, CountDownLatch stopped) {
    stop.countDown();
    try {
      stopped.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void requireFree(int port) {
    try (var _ = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      // Only looked.
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "port %d on 127.0.0.1 is taken (%s). Choose another with --port, or 0 for any free one"
              .formatted(port, e.getMessage()),
          e);
    }
  }
}
