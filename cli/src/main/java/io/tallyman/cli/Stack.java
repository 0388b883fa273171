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
import io.tallyman.runner.RuntimeChoice;
import io.tallyman.runner.attempt.AttemptRuntime;
import io.tallyman.runtime.CommonSettings;
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
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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

  /** Where the API listens unless the user says otherwise. */
  static final String LOOPBACK = "127.0.0.1";

  /** Receivers on this machine, and on the host of a container: who develops has them there. */
  private static final String HERE = "127.0.0.0/8,::1,localhost,host.docker.internal";

  private static final Set<String> ALL_ADDRESSES = Set.of("0.0.0.0", "::");

  private final StopHook stop;
  private final Deque<AutoCloseable> backing = new ArrayDeque<>();
  private final List<Service> services = new ArrayList<>();
  private final Environment environment;
  private final EmbeddedKafka kafka;
  private final EmbeddedRedis redis;
  private final Api api;
  private final String runtimeReason;

  /**
   * Where and how.
   *
   * @param folder of all data; kept
   * @param port of the API; 0: any free one
   * @param environment of the services; Kafka, Redis, data folder and port in it are not used
   * @param runtime what runs attempts in place of the runner's own choice; for benchmarks
   */
  record Options(
      DataFolder folder, int port, Environment environment, Optional<AttemptRuntime> runtime) {}

  /**
   * Starts all; they become ready by themselves, see {@link #awaitReady}. Kafka, Redis and the look
   * for a Docker engine take seconds each, and go side by side.
   *
   * @throws InterruptedException when told to stop meanwhile; then nothing is left running outside
   *     of this process
   */
  Stack(Options options, StopHook stop) throws InterruptedException {
    this.stop = stop;
    var isStarted = false;
    try {
      var dataDir = options.folder().path();
      var given =
          options
              .environment()
              .withDefault(CommonSettings.ENDPOINTS_FILE, EndpointsFile.in(dataDir).toString())
              .withDefault(ApiSettings.HOST, LOOPBACK)
              .withDefault(CommonSettings.ALLOWED_NETWORKS, HERE)
              .withDefault(WebhookSettings.INSTANCE, "dispatcher-1")
              .withDefault(RunnerSettings.ID, options.folder().runner().value())
              .with(CommonSettings.DATA_DIR, dataDir.toString())
              .with(ApiSettings.PORT, Integer.toString(options.port()))
              // Whoever presses Ctrl-C wants the prompt back.
              .with(RunnerSettings.DRAIN, "0s");
      var choice = choosing(RunnerSettings.from(given.variables()), options.runtime());
      var redisStart =
          new Starting<>("start-redis", () -> EmbeddedRedis.start(dataDir.resolve("redis")));
      own(() -> stop(redisStart));
      var kafkaStart =
          new Starting<>(
              "start-kafka", () -> EmbeddedKafka.start(dataDir.resolve("kafka"), FreePort.find()));
      // Told to stop, we leave a half-started Kafka to the end of the process, which it survives.
      this.kafka = own(kafkaStart.await());
      this.redis = redisStart.await();
      this.environment =
          given
              .with(CommonSettings.KAFKA, kafka.bootstrapServers())
              .with(CommonSettings.REDIS, redis.url());
      this.api = startServices(environment.variables());
      this.runtimeReason =
          startRunner(RunnerSettings.from(environment.variables()), options.runtime(), choice);
      isStarted = true;
    } finally {
      if (!isStarted) {
        close();
      }
    }
  }

  /**
   * Waits until every service can do its work.
   *
   * @throws TimeoutException naming what is not ready
   * @throws InterruptedException when told to stop meanwhile
   */
  public void awaitReady() throws TimeoutException, InterruptedException {
    var giveUp = System.nanoTime() + START_LIMIT.toNanos();
    while (!health().stream().allMatch(Health::isReady)) {
      if (System.nanoTime() > giveUp) {
        throw new TimeoutException(
            "Expected all services to be ready within %s, but: %s"
                .formatted(START_LIMIT, health().stream().filter(one -> !one.isReady()).toList()));
      }
      stop.check();
      LockSupport.parkNanos(LOOK_AGAIN.toNanos());
    }
  }

  /** How each dependency of each service is. */
  public List<Health> health() {
    return services.stream().map(Service::health).flatMap(Collection::stream).toList();
  }

  /** {@code http://127.0.0.1:port}, or another host when the API listens there alone. */
  public String apiUrl() {
    var host = environment.value(ApiSettings.HOST);
    return "http://%s:%d".formatted(ALL_ADDRESSES.contains(host) ? LOOPBACK : host, api.port());
  }

  /** The file with the API keys; none when no key is needed. */
  public Optional<Path> apiKeyFile() {
    return environment.value(ApiSettings.API_KEY_FILE);
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

  /** Where webhooks may go beside the public internet, as {@code TALLY_ALLOWED_NETWORKS}. */
  String allowedNetworks() {
    return environment.value(CommonSettings.ALLOWED_NETWORKS).toString();
  }

  /** The endpoints file in use. */
  public Path endpointsFile() {
    return environment.value(CommonSettings.ENDPOINTS_FILE).orElseThrow();
  }

  /** The endpoints in use. */
  public Endpoints endpoints() {
    return Endpoints.read(endpointsFile());
  }

  /** Stops all, the services side by side, then what they stand on. */
  @Override
  public void close() {
    // What told us to stop must not cut the stopping short.
    var isInterrupted = Thread.interrupted();
    CompletableFuture.allOf(
            services.stream()
                .map(
                    service ->
                        CompletableFuture.runAsync(
                            () -> closeQuietly(service), Thread.ofPlatform().daemon()::start))
                .toArray(CompletableFuture[]::new))
        .join();
    services.clear();
    while (!backing.isEmpty()) {
      closeQuietly(backing.pop());
    }
    if (isInterrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private Api startServices(Map<String, String> variables) throws InterruptedException {
    var started = serve(Api.start(ApiSettings.from(variables)));
    stop.check();
    serve(StateProcessor.start(ProcessorSettings.from(variables)));
    stop.check();
    serve(WebhookDispatcher.start(WebhookSettings.from(variables)));
    stop.check();
    return started;
  }

  private Starting<RuntimeChoice.Resolved> choosing(
      RunnerSettings settings, Optional<AttemptRuntime> given) {
    var choice =
        new Starting<>(
            "choose-runtime",
            () ->
                given
                    .map(it -> new RuntimeChoice.Resolved(settings.runtime(), it.name()))
                    .orElseGet(
                        () ->
                            settings
                                .runtime()
                                .resolve(
                                    settings.dockerHost(), settings.common().endpoints().all())));
    own(choice::giveUp);
    return choice;
  }

  private String startRunner(
      RunnerSettings settings,
      Optional<AttemptRuntime> given,
      Starting<RuntimeChoice.Resolved> choice)
      throws InterruptedException {
    var resolved = choice.await();
    serve(
        given
            .map(runtime -> Runner.start(settings, runtime))
            .orElseGet(() -> Runner.start(settings.with(resolved.choice()))));
    return resolved.why().replaceFirst("^runtime ", "");
  }

  /** Stops a Redis that may still be starting. */
  private static void stop(Starting<EmbeddedRedis> start) throws InterruptedException {
    start.giveUp();
    start.await().close();
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
