package io.tallyman.cli;

import io.tallyman.api.Api;
import io.tallyman.api.ApiSettings;
import io.tallyman.embedded.EmbeddedKafka;
import io.tallyman.embedded.EmbeddedRedis;
import io.tallyman.embedded.FreePort;
import io.tallyman.processor.ProcessorSettings;
import io.tallyman.processor.StateProcessor;
import io.tallyman.runner.Runner;
import io.tallyman.runner.RunnerSettings;
import io.tallyman.runner.attempt.AttemptRuntime;
import io.tallyman.runtime.Service;
import io.tallyman.runtime.Service.Health;
import io.tallyman.runtime.endpoints.Endpoints;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.webhooks.WebhookDispatcher;
import io.tallyman.webhooks.WebhookSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Everything in this one process: Kafka, Redis and the four services, on loopback. */
public final class Stack implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Stack.class);

  /** Longest wait for all to be ready; 15 s is the promise, a busy machine may take longer. */
  private static final Duration START_LIMIT = Duration.ofSeconds(60);

  private static final Duration LOOK_AGAIN = Duration.ofMillis(20);

  private final Deque<AutoCloseable> backing = new ArrayDeque<>();
  private final List<Service> services = new ArrayList<>();
  private final Map<String, String> environment = new HashMap<>();
  private final EmbeddedKafka kafka;
  private final EmbeddedRedis redis;
  private final Api api;
  private final String runtimeReason;

  /**
   * Where and how.
   *
   * @param dataDir of all data; kept
   * @param port of the API; 0: any free one
   * @param settings further {@code TALLY_*} variables
   * @param runtime what runs attempts in place of the runner's own choice; for benchmarks
   */
  public record Options(
      Path dataDir, int port, Map<String, String> settings, Optional<AttemptRuntime> runtime) {

    public Options {
      settings = Map.copyOf(settings);
    }
  }

  /** Starts all; they become ready by themselves, see {@link #awaitReady}. */
  public Stack(Options options) {
    try {
      var dataDir = options.dataDir().toAbsolutePath();
      var redisStart =
          CompletableFuture.supplyAsync(() -> EmbeddedRedis.start(dataDir.resolve("redis")));
      this.kafka = own(EmbeddedKafka.start(dataDir.resolve("kafka"), FreePort.find()));
      this.redis = own(redisStart.join());
      environment.put("TALLY_ENDPOINTS_FILE", EndpointsFile.in(dataDir).toString());
      environment.put("TALLY_API_HOST", "127.0.0.1");
      environment.putAll(options.settings());
      environment.put("TALLY_KAFKA", kafka.bootstrapServers());
      environment.put("TALLY_REDIS", redis.url());
      environment.put("TALLY_DATA_DIR", dataDir.toString());
      environment.put("TALLY_API_PORT", Integer.toString(options.port()));
      this.api = serve(Api.start(ApiSettings.from(environment)));
      serve(StateProcessor.start(ProcessorSettings.from(environment)));
      this.runtimeReason = startRunner(RunnerSettings.from(environment), options.runtime());
      serve(WebhookDispatcher.start(WebhookSettings.from(environment)));
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /**
   * Waits until every service can do its work.
   *
   * @throws TimeoutException naming what is not ready
   */
  public void awaitReady() throws TimeoutException, InterruptedException {
    var giveUp = System.nanoTime() + START_LIMIT.toNanos();
    while (!health().stream().allMatch(Health::isReady)) {
      if (System.nanoTime() > giveUp) {
        throw new TimeoutException(
            "Expected all services to be ready within %s, but: %s"
                .formatted(START_LIMIT, health().stream().filter(one -> !one.isReady()).toList()));
      }
      if (Thread.interrupted()) {
        throw new InterruptedException("Told to stop while starting");
      }
      LockSupport.parkNanos(LOOK_AGAIN.toNanos());
    }
  }

  /** How each dependency of each service is. */
  public List<Health> health() {
    return services.stream().map(Service::health).flatMap(Collection::stream).toList();
  }

  /** {@code http://127.0.0.1:port}. */
  public String apiUrl() {
    return "http://127.0.0.1:" + api.port();
  }

  /** The API of an endpoint, as RunPod's clients want their base. */
  public String endpointUrl(EndpointName endpoint) {
    return apiUrl() + "/v2/" + endpoint;
  }

  /** What runs the attempts, and why. */
  public String runtimeReason() {
    return runtimeReason;
  }

  /** {@code host:port} of Kafka. */
  public String kafka() {
    return kafka.bootstrapServers();
  }

  /** URL of Redis. */
  public String redis() {
    return redis.url();
  }

  /** Which program serves Redis. */
  public String redisProgram() {
    return redis.executablePath();
  }

  /** The endpoints file in use. */
  public Path endpointsFile() {
    return Path.of(environment.get("TALLY_ENDPOINTS_FILE"));
  }

  /** The endpoints in use. */
  public Endpoints endpoints() {
    return Endpoints.read(endpointsFile());
  }

  /** Stops all, the services side by side, then what they stand on. */
  @Override
  public void close() {
    CompletableFuture.allOf(
            services.stream()
                .map(service -> CompletableFuture.runAsync(() -> closeQuietly(service)))
                .toArray(CompletableFuture[]::new))
        .join();
    services.clear();
    while (!backing.isEmpty()) {
      closeQuietly(backing.pop());
    }
  }

  private String startRunner(RunnerSettings settings, Optional<AttemptRuntime> given) {
    if (given.isPresent()) {
      serve(Runner.start(settings, given.get()));
      return given.get().name();
    }
    var resolved =
        settings.runtime().resolve(settings.dockerHost(), settings.common().endpoints().all());
    serve(Runner.start(settings.with(resolved.choice())));
    return resolved.why().replaceFirst("^runtime ", "");
  }

  private <T extends Service> T serve(T service) {
    services.add(service);
    return service;
  }

  private <T extends AutoCloseable> T own(T part) {
    backing.push(part);
    return part;
  }

  /** One part that cannot stop must not keep the others from stopping. */
  private static void closeQuietly(AutoCloseable part) {
    try {
      part.close();
    } catch (Exception e) {
      LOG.warn("{} did not stop cleanly", part.getClass().getSimpleName(), e);
    }
  }
}
