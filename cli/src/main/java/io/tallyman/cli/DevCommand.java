package io.tallyman.cli;

import io.tallyman.api.ApiSettings;
import io.tallyman.runner.RunnerSettings;
import io.tallyman.runtime.CommonSettings;
import io.tallyman.runtime.Variable;
import io.tallyman.schemas.job.EndpointName;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
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

  /** What `dev` brings along, whatever the user has set for services that run alone. */
  private static final List<Variable<?>> OWN =
      List.of(CommonSettings.KAFKA, CommonSettings.REDIS, RunnerSettings.DRAIN);

  @Option(
      names = "--port",
      defaultValue = "${env:TALLY_API_PORT:-8080}",
      description = "Port of the API; 0: any free one (default: TALLY_API_PORT, or 8080).")
  private int port;

  @Option(
      names = "--data-dir",
      defaultValue = "${env:TALLY_DATA_DIR:-.tally/data}",
      description = "Folder of all data (default: TALLY_DATA_DIR, or .tally/data).")
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
    var environment = Environment.ofUser().with(RunnerSettings.RUNTIME, runtime.setting());
    var host = environment.text(ApiSettings.HOST).orElse(Stack.LOOPBACK);
    // In this order: what another one uses is not touched, and nothing is removed in vain.
    try (var stop = new StopHook();
        var folder = DataFolder.open(dataDir)) {
      requireFree(host, port);
      if (isFresh) {
        folder.clear();
      }
      run(folder, environment, stop);
    }
    return CommandLine.ExitCode.OK;
  }

  private void run(DataFolder folder, Environment environment, StopHook stop)
      throws InterruptedException, TimeoutException {
    var log = EmbeddedLog.in(folder.path());
    System.out.println("Tallyman, development mode: one machine, no replication.");
    var started = System.nanoTime();
    try (var stack =
        new Stack(new Stack.Options(folder, port, environment, Optional.empty()), stop)) {
      stack.awaitReady();
      announce(stack, environment, log, Duration.ofNanos(System.nanoTime() - started));
      stop.await();
    }
  }

  private void announce(Stack stack, Environment environment, Path log, Duration startTime) {
    Announcement.print(System.out, stack, startTime);
    var keys = stack.apiKeyFile();
    Announcement.line(
        System.out,
        "API key",
        keys.map("needed: one of those in %s"::formatted)
            .orElse("none needed; TALLY_API_KEY_FILE names a file of keys"));
    Announcement.line(System.out, "endpoints", stack.endpointsFile() + "  (edit, then restart)");
    Announcement.line(System.out, "data", dataDir + "  (kept; --fresh begins anew)");
    Announcement.line(System.out, "log", log.toString());
    OWN.stream()
        .filter(variable -> environment.text(variable).isPresent())
        .forEach(
            variable ->
                Announcement.line(
                    System.out, "not used", variable.name() + ": this is all in one process"));
    System.out.printf(
        """

        Try:
          curl -s %s/runsync %s-H 'Content-Type: application/json' -d '{"input":{"name":"Ada"}}'

        Ctrl-C stops.
        """,
        stack.endpointUrl(EndpointName.DEFAULT),
        keys.isPresent() ? "-H 'Authorization: Bearer KEY' " : "");
    System.out.flush();
  }

  private static void requireFree(String host, int port) {
    try (var _ = new ServerSocket(port, 1, InetAddress.getByName(host))) {
      // Only looked.
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "port %d on %s is taken (%s). Choose another with --port, or 0 for any free one"
              .formatted(port, host, e.getMessage()),
          e);
    }
  }
}
