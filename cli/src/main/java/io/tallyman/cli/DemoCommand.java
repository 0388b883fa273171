package io.tallyman.cli;

import io.tallyman.api.ApiSettings;
import io.tallyman.cli.demo.Demo;
import io.tallyman.cli.demo.Disagreement;
import io.tallyman.runner.RunnerSettings;
import io.tallyman.runtime.CommonSettings;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeoutException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code tally demo}: the main job, shown and checked, then everything is gone. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    description = "Run three jobs through everything, show each step, check that all sides agree.")
final class DemoCommand implements Callable<Integer> {

  @Mixin private final RuntimeOption runtime = new RuntimeOption();

  @Override
  public Integer call() throws IOException, InterruptedException {
    // The demo alone calls this API, with the endpoint that it knows, and its runner's containers
    // are its own.
    var environment =
        Environment.ofUser()
            .with(ApiSettings.HOST, Stack.LOOPBACK)
            .with(ApiSettings.API_KEY_FILE, "")
            .with(CommonSettings.ENDPOINTS_FILE, "")
            .with(RunnerSettings.ID, "")
            .with(RunnerSettings.RUNTIME, runtime.setting());
    try (var stop = new StopHook();
        var folder = DataFolder.temporary("tally-demo-")) {
      try {
        var isDone = show(folder, environment, stop);
        if (isDone) {
          folder.delete();
        }
        return isDone ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
      } catch (InterruptedException e) {
        folder.delete();
        throw e;
      }
    }
  }

  /** Whether all agreed; what did not is printed. */
  private static boolean show(DataFolder folder, Environment environment, StopHook stop)
      throws IOException, InterruptedException {
    var log = EmbeddedLog.in(folder.path());
    System.out.println(
        "Tallyman: three jobs, watched on every side. Starting Kafka, Redis and the");
    System.out.println("four services in this process …");
    var started = System.nanoTime();
    try (var stack = new Stack(new Stack.Options(folder, 0, environment, Optional.empty()), stop)) {
      stack.awaitReady();
      Announcement.print(System.out, stack, Duration.ofNanos(System.nanoTime() - started));
      Demo.run(stack, System.out);
      return true;
    } catch (Disagreement | TimeoutException e) {
      System.out.flush();
      System.err.println("tally demo: FAILED. " + e.getMessage());
      System.err.println("The log of all services: " + log);
      return false;
    }
  }
}
