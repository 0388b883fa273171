package io.tallyman.cli;

import io.tallyman.api.Api;
import io.tallyman.api.ApiSettings;
import io.tallyman.processor.ProcessorSettings;
import io.tallyman.processor.StateProcessor;
import io.tallyman.runner.Runner;
import io.tallyman.runner.RunnerSettings;
import io.tallyman.runtime.CommonSettings;
import io.tallyman.runtime.Service;
import io.tallyman.runtime.Variable;
import io.tallyman.runtime.http.HealthServer;
import io.tallyman.webhooks.WebhookDispatcher;
import io.tallyman.webhooks.WebhookSettings;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** Each service alone, against the Kafka and the Redis that the environment names. */
public final class ServiceCommands {

  /** Where the services without an API of their own answer probes. */
  public static final Variable<Integer> HEALTH_PORT =
      Variable.number(
          "TALLY_HEALTH_PORT",
          8081,
          0,
          65_535,
          "Port of /livez, /readyz and /metrics for state-processor, worker-runner and"
              + " webhook-dispatcher; 0: any free one. The api answers the probes on its own port");

  /** Read by the log configuration, not by code. */
  private static final Variable<String> LOG_LEVEL =
      Variable.text(
          "TALLY_LOG_LEVEL", "INFO", "How much the services log: DEBUG, INFO, WARN or ERROR");

  /** Read by the script {@code tally}, not by code. */
  private static final Variable<String> JAVA_OPTIONS =
      Variable.text("TALLY_JAVA_OPTS", "", "Further JVM options for ./tally, such as -Xmx2g");

  private ServiceCommands() {}

  /** Every setting of every service, for the check of names and for the documentation. */
  public static List<Variable<?>> variables() {
    var all = new ArrayList<Variable<?>>(CommonSettings.ALL);
    all.addAll(ApiSettings.ALL);
    all.addAll(ProcessorSettings.ALL);
    all.addAll(RunnerSettings.ALL);
    all.addAll(WebhookSettings.ALL);
    all.addAll(List.of(HEALTH_PORT, LOG_LEVEL, JAVA_OPTIONS));
    return List.copyOf(all);
  }

  /** {@code tally api}. */
  @Command(
      name = "api",
      mixinStandardHelpOptions = true,
      description = "Run the HTTP API. Settings: TALLY_* variables, see docs/configuration.md.")
  static final class ApiCommand implements Callable<Integer> {
    @Override
    public Integer call() throws InterruptedException {
      var orders = StopOrders.listen();
      return serve(Api.start(ApiSettings.from(environment())), orders);
    }
  }

  /** {@code tally state-processor}. */
  @Command(
      name = "state-processor",
      mixinStandardHelpOptions = true,
      description = "Run the state-processor. Settings: TALLY_* variables.")
  static final class StateProcessorCommand implements Callable<Integer> {
    @Override
    public Integer call() throws InterruptedException, IOException {
      return serveWithHealth(
          environment -> StateProcessor.start(ProcessorSettings.from(environment)));
    }
  }

  /** {@code tally worker-runner}. */
  @Command(
      name = "worker-runner",
      mixinStandardHelpOptions = true,
      description = "Run a worker-runner. Settings: TALLY_* variables.")
  static final class WorkerRunnerCommand implements Callable<Integer> {
    @Override
    public Integer call() throws InterruptedException, IOException {
      return serveWithHealth(environment -> Runner.start(RunnerSettings.from(environment)));
    }
  }

  /** {@code tally webhook-dispatcher}. */
  @Command(
      name = "webhook-dispatcher",
      mixinStandardHelpOptions = true,
      description = "Run a webhook-dispatcher. Settings: TALLY_* variables.")
  static final class WebhookDispatcherCommand implements Callable<Integer> {
    @Override
    public Integer call() throws InterruptedException, IOException {
      return serveWithHealth(
          environment -> WebhookDispatcher.start(WebhookSettings.from(environment)));
    }
  }

  private static Map<String, String> environment() {
    var environment = System.getenv();
    Variable.requireKnown(environment, variables());
    return environment;
  }

  private static int serveWithHealth(Start start) throws InterruptedException, IOException {
    var orders = StopOrders.listen();
    var service = start.start(environment());
    try (var health = new HealthServer(HEALTH_PORT.from(System.getenv()), service)) {
      log().info("probes on port {}: /livez /readyz", health.port());
      return serve(service, orders);
    }
  }

  /** Until the process is told to end; told again, it does not wait for what may wait. */
  private static int serve(Service service, StopOrders orders) throws InterruptedException {
    try (service) {
      orders.await();
      log().info("told to stop");
      orders.onRepeat(
          () -> {
            log().info("told again to stop: not waiting any longer");
            service.hurry();
          });
    }
    return CommandLine.ExitCode.OK;
  }

  /** Reads its settings and starts. */
  @FunctionalInterface
  private interface Start {
    Service start(Map<String, String> environment);
  }

  /** Not before it is needed: the settings here are read before {@link EmbeddedLog} has its say. */
  private static Logger log() {
    return LoggerFactory.getLogger(ServiceCommands.class);
  }
}
