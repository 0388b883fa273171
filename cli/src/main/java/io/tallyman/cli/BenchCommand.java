package io.tallyman.cli;

import io.tallyman.api.ApiSettings;
import io.tallyman.bench.Benchmark;
import io.tallyman.bench.WebhookBenchmark;
import io.tallyman.runner.RunnerSettings;
import io.tallyman.runtime.CommonSettings;
import io.tallyman.runtime.Variable;
import io.tallyman.schemas.job.EndpointName;
import java.io.IOException;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code tally bench}: how many jobs a second, and how long one takes, without the containers. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description =
        "Measure jobs per second and latency on this machine: everything in one process, with a"
            + " runtime that does nothing.",
    subcommands = BenchCommand.Webhooks.class)
final class BenchCommand implements Callable<Integer> {

  /** What the runner is told so that it, and not its slots, is measured. */
  private static final Map<Variable<Integer>, String> SETTINGS =
      Map.of(RunnerSettings.SLOTS, "512", RunnerSettings.BATCH, "64");

  @Option(
      names = "--jobs",
      defaultValue = "20000",
      description = "Jobs submitted at once (default: ${DEFAULT-VALUE}).")
  private int jobs;

  @Option(
      names = "--concurrency",
      defaultValue = "64",
      description = "Submissions under way at a time (default: ${DEFAULT-VALUE}).")
  private int concurrency;

  @Override
  public Integer call() throws IOException, InterruptedException, TimeoutException {
    var environment = environment();
    return onStack(environment, stack -> measure(stack, environment));
  }

  /** Measures a stack that is thrown away afterwards, with a runtime that does nothing. */
  private static int onStack(Environment environment, Measurement measurement)
      throws IOException, InterruptedException, TimeoutException {
    try (var stop = new StopHook();
        var folder = DataFolder.temporary("tally-bench-")) {
      EmbeddedLog.in(folder.path());
      var options = new Stack.Options(folder, 0, environment, Optional.of(new NoRuntime()));
      try (var stack = new Stack(options, stop)) {
        stack.awaitReady();
        measurement.take(stack);
        return CommandLine.ExitCode.OK;
      } finally {
        folder.delete();
      }
    }
  }

  private interface Measurement {
    void take(Stack stack) throws IOException, InterruptedException, TimeoutException;
  }

  /** {@code tally bench webhooks}: the dispatcher alone. */
  @Command(
      name = "webhooks",
      mixinStandardHelpOptions = true,
      description =
          "Measure webhooks: from job-events to receivers on this machine that answer at once,"
              + " signed and recorded.")
  static final class Webhooks implements Callable<Integer> {

    @Option(
        names = "--deliveries",
        defaultValue = "100000",
        description = "Events written at once (default: ${DEFAULT-VALUE}).")
    private int deliveries;

    @Override
    public Integer call() throws IOException, InterruptedException, TimeoutException {
      // The stack's own endpoints file has a secret, so that all is signed.
      return onStack(ofBench(), this::measure);
    }

    private void measure(Stack stack) throws IOException, TimeoutException {
      var result = new WebhookBenchmark(stack.kafka(), deliveries, InstantSource.system()).run();
      System.out.printf(
          """
          %d events a second, event to first byte: %s
          %d events at once: %.0f deliveries/s (%.1f s), signed and recorded
          settings: %d processors, heap %d MB, Java %s, %d receivers
          """,
          WebhookBenchmark.RATE,
          result.steady(),
          deliveries,
          result.perSecond(),
          result.elapsed().toMillis() / 1000.0,
          Runtime.getRuntime().availableProcessors(),
          Runtime.getRuntime().maxMemory() >> 20,
          Runtime.version().feature(),
          WebhookBenchmark.RECEIVERS);
    }
  }

  private void measure(Stack stack, Environment environment)
      throws IOException, InterruptedException, TimeoutException {
    var result =
        new Benchmark(stack.endpointUrl(EndpointName.DEFAULT), stack.kafka(), jobs, concurrency)
            .run();
    System.out.printf(
        """
        one job at a time, submit to COMPLETED over the API: %s
        %d jobs at once: %.0f completed jobs/s (%.1f s)
        the same under that load, a sample: %s
        settings: %d processors, heap %d MB, Java %s, %d submissions at a time, %s
        """,
        result.single(),
        jobs,
        result.jobsPerSecond(),
        result.elapsed().toMillis() / 1000.0,
        result.loaded(),
        Runtime.getRuntime().availableProcessors(),
        Runtime.getRuntime().maxMemory() >> 20,
        Runtime.version().feature(),
        concurrency,
        SETTINGS.keySet().stream()
            .map(setting -> setting.name() + "=" + environment.value(setting))
            .sorted()
            .collect(Collectors.joining(", ")));
  }

  /**
   * What the user has set. Nobody but the benchmark calls this API, so it asks for no key; and no
   * other runner may bear the name of this one.
   */
  private static Environment ofBench() {
    return Environment.ofUser()
        .with(RunnerSettings.ID, "")
        .with(ApiSettings.HOST, Stack.LOOPBACK)
        .with(ApiSettings.API_KEY_FILE, "");
  }

  private static Environment environment() {
    var environment = ofBench().with(CommonSettings.ENDPOINTS_FILE, "");
    for (var setting : SETTINGS.entrySet()) {
      environment = environment.withDefault(setting.getKey(), setting.getValue());
    }
    return environment;
  }
}
