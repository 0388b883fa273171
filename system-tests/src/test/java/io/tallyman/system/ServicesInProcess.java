package io.tallyman.system;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.api.Api;
import io.tallyman.api.ApiSettings;
import io.tallyman.embedded.EmbeddedKafka;
import io.tallyman.embedded.EmbeddedRedis;
import io.tallyman.processor.ProcessorSettings;
import io.tallyman.processor.StateProcessor;
import io.tallyman.runner.Runner;
import io.tallyman.runner.RunnerSettings;
import io.tallyman.runner.RuntimeChoice;
import io.tallyman.runtime.CommonSettings;
import io.tallyman.runtime.Service;
import io.tallyman.runtime.Service.Health;
import io.tallyman.runtime.endpoints.Endpoints;
import io.tallyman.runtime.net.AddressPolicy;
import io.tallyman.schemas.job.RunnerId;
import io.tallyman.webhooks.WebhookDispatcher;
import io.tallyman.webhooks.WebhookSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The whole product in this process, with two apis and two dispatchers: cheap to start and to start
 * again. For tests in which nothing is killed.
 */
final class ServicesInProcess implements AutoCloseable {

  static final String RUNNER = "runner-1";

  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final Path folder;
  private final EmbeddedKafka kafka;
  private final EmbeddedRedis redis;
  private final List<Api> apis = new ArrayList<>();
  private final List<Service> dispatchers = new ArrayList<>();
  private final List<Service> others = new ArrayList<>();

  /** Starts Kafka and Redis. */
  ServicesInProcess(Path folder) {
    this.folder = folder;
    this.kafka = EmbeddedKafka.start(folder.resolve("kafka"));
    this.redis = EmbeddedRedis.start(folder.resolve("redis"));
  }

  /** {@code host:port} of the broker. */
  String kafka() {
    return kafka.bootstrapServers();
  }

  /** Starts all services, and returns when all are ready. */
  void startAll() {
    others.add(
        StateProcessor.start(
            new ProcessorSettings(
                common("processor"),
                "processor-1",
                Duration.ofMillis(2),
                Duration.ofHours(1),
                Duration.ofMinutes(2),
                3)));
    others.add(
        Runner.start(
            new RunnerSettings(
                common("runner"),
                new RunnerId(RUNNER),
                4,
                1,
                RuntimeChoice.PROCESS,
                "",
                Duration.ofSeconds(1))));
    for (var name : List.of("one", "two")) {
      apis.add(
          Api.start(
              new ApiSettings(
                  common(name), "127.0.0.1", 0, Optional.empty(), Duration.ofSeconds(5))));
      dispatchers.add(
          WebhookDispatcher.start(
              new WebhookSettings(common(name), "tally-webhooks", Optional.of(name), 10)));
    }
    Await.until(LIMIT, () -> troubles().toString(), () -> troubles().isEmpty());
  }

  /** {@code http://127.0.0.1:port} of each api. */
  List<String> apis() {
    return apis.stream().map(api -> "http://127.0.0.1:" + api.port()).toList();
  }

  /** What keeps a service from its work. */
  List<Health> troubles() {
    return services().stream()
        .flatMap(service -> service.health().stream())
        .filter(health -> !health.isReady())
        .toList();
  }

  void closeDispatchers() {
    dispatchers.forEach(Service::close);
    dispatchers.clear();
  }

  /** Stops all services; Kafka and Redis go on. */
  void closeAll() {
    services().forEach(Service::close);
    apis.clear();
    dispatchers.clear();
    others.clear();
  }

  @Override
  public void close() {
    closeAll();
    redis.close();
    kafka.close();
  }

  private List<Service> services() {
    var all = new ArrayList<Service>(apis);
    all.addAll(dispatchers);
    all.addAll(others);
    return all;
  }

  private CommonSettings common(String name) {
    var endpoints =
        """
        endpoints:
          default:
            image: busybox:latest
            command: [sh, -c, "echo '{}' > output.json"]
        """;
    return new CommonSettings(
        kafka(),
        redis.url(),
        Endpoints.parse("the test", endpoints.getBytes(UTF_8)),
        folder.resolve(name),
        AddressPolicy.allowing("127.0.0.0/8"));
  }
}
