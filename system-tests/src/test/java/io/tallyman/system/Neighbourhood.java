package io.tallyman.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.embedded.FreePort;
import io.tallyman.runtime.redis.JobViews;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobStatus;
import io.tallyman.schemas.job.JobView;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import redis.clients.jedis.exceptions.JedisException;

/**
 * The four services between a Kafka and a Redis, six processes that a test can have one without the
 * other; and what a client of the api sees of it all. A job sleeps for as many seconds as its input
 * says; the first attempt of one whose input is {@code "fail"} fails.
 */
final class Neighbourhood implements AutoCloseable {

  static final String API = "api";
  static final String PROCESSOR = "state-processor";
  static final String RUNNER = "worker-runner";
  static final String DISPATCHER = "webhook-dispatcher";

  /** Whatever is down: no request may take longer, or clients hang with it. */
  static final Duration ANSWER_LIMIT = Duration.ofSeconds(10);

  /** The promise, from the moment that Redis answers. */
  private static final Duration WHOLE_AGAIN = Duration.ofSeconds(30);

  private static final Duration LIMIT = Duration.ofSeconds(90);

  private final Path folder;
  private final Neighbour kafka;
  private final Neighbour redis;
  private final JobViews mirror;
  private final Map<String, Integer> ports = new HashMap<>();
  private final Map<String, Tally> services = new LinkedHashMap<>();

  /** The newest that the api said of each job. */
  private final Map<String, JobStatus> told = new HashMap<>();

  /** Nothing runs yet. */
  Neighbourhood(Path folder) throws IOException {
    this(folder, false);
  }

  /**
   * The same.
   *
   * @param isDistant whether Kafka and Redis can be delayed
   */
  Neighbourhood(Path folder, boolean isDistant) throws IOException {
    this.folder = folder;
    this.kafka = Neighbour.kafka(folder.resolve("kafka"), isDistant);
    this.redis = Neighbour.redis(folder.resolve("redis"), isDistant);
    this.mirror = new JobViews(redisUrl());
    Files.writeString(
        folder.resolve("endpoints.yaml"),
        """
        endpoints:
          default:
            image: busybox:latest
            command:
              - sh
              - -c
              - |
                case "$(cat input.json)" in
                  *fail*) [ "$TALLY_ATTEMPT" = 1 ] && exit 3 ;;
                  *) sleep "$(cat input.json)" ;;
                esac
                echo '{}' > output.json
            webhook: {delay: 200ms, attempts: 10}
        """);
  }

  Neighbour kafka() {
    return kafka;
  }

  Neighbour redis() {
    return redis;
  }

  /** Starts services; does not wait until they are ready. */
  void start(String... names) {
    for (var name : names) {
      services.put(name, Tally.start(environment(name), name));
    }
  }

  /** Pulls the plug of a service. */
  void kill(String name) {
    services.remove(name).kill();
  }

  /** What a service keeps on disk. */
  Path dataOf(String service) {
    return folder.resolve(service);
  }

  /** Waits until all that were started say that they are ready. */
  void awaitReady() {
    services.keySet().forEach(name -> awaitReadiness(name, "200 "));
  }

  /** Waits until the status and the lines of a service's {@code /readyz} contain all of this. */
  void awaitReadiness(String service, String... parts) {
    Await.until(
        LIMIT,
        () ->
            "%s says %s, not %s; its output:%n%s"
                .formatted(
                    service, readyz(service), List.of(parts), String.join("\n", output(service))),
        () -> List.of(parts).stream().allMatch(readyz(service)::contains));
  }

  /** Status and lines of {@code /readyz}. */
  String readyz(String service) {
    return probe(service, "/readyz");
  }

  /** None has ended by itself, to be started again by somebody: each lives, and says so. */
  void assertAllLive() {
    assertThat(services.keySet())
        .allSatisfy(
            name ->
                assertThat(probe(name, "/livez"))
                    .as(() -> name + ":\n" + String.join("\n", output(name)))
                    .startsWith("200 "));
  }

  /** Submits a job, which must be accepted in time; its id. */
  String submit(String input) {
    return Http.view(inTime(() -> Http.post(url("/run"), "{\"input\":%s}".formatted(input))))
        .id()
        .value();
  }

  /** The same, with a receiver of its webhooks. */
  String submit(String input, Receiver receiver) {
    var body = "{\"input\":%s,\"webhook\":\"%s\"}".formatted(input, receiver.url());
    return Http.view(inTime(() -> Http.post(url("/run"), body))).id().value();
  }

  /** The same under an {@code Idempotency-Key}; none when it is refused with 503. */
  Optional<String> submitOnce(String input, String key) {
    return answered(
            inTime(
                () ->
                    Http.post(
                        url("/run"), "{\"input\":%s}".formatted(input), "Idempotency-Key", key)))
        .map(view -> view.id().value());
  }

  /**
   * What the api says of a job that it accepted: its state, or 503 for a while. Never 404, nor a
   * state before the one that it has told already.
   */
  Optional<JobStatus> look(String job) {
    var status = answered(inTime(() -> Http.get(url("/status/" + job)))).map(JobView::status);
    status.ifPresent(
        now -> {
          var before = told.getOrDefault(job, JobStatus.IN_QUEUE);
          assertThat(rank(now))
              .as("%s is told of %s, after %s", now, job, before)
              .isGreaterThanOrEqualTo(rank(before));
          assertThat(before.isTerminal() ? before : now).as("the end of " + job).isEqualTo(now);
          told.put(job, now);
        });
    return status;
  }

  /** Looks at the job again and again, until it is in this state. */
  void awaitStatus(String job, JobStatus status) {
    Await.until(
        LIMIT,
        () -> "%s is not %s; %s".formatted(job, status, history(job)),
        () -> look(job).equals(Optional.of(status)));
  }

  /** Each completes; and the log has one beginning and one end of it, whatever happened between. */
  void awaitCompletedOnce(Collection<String> jobs) {
    for (var job : jobs) {
      awaitStatus(job, JobStatus.COMPLETED);
      Await.until(LIMIT, () -> history(job), () -> history(job).contains("job.completed.v1"));
      assertThat(history(job))
          .containsOnlyOnce("job.queued.v1")
          .containsOnlyOnce("job.completed.v1");
    }
  }

  /** The mirror in Redis is whole in the promised time: it has these jobs, in this state. */
  void awaitMirrored(Collection<String> jobs, JobStatus status) {
    for (var job : jobs) {
      Await.until(
          WHOLE_AGAIN,
          () -> "Redis has %s of %s, not %s".formatted(mirrored(job), job, status),
          () -> mirrored(job).equals(Optional.of(status)));
    }
  }

  /** All events of a job, as the api tells them. */
  String history(String job) {
    return Http.get(url("/history/" + job)).body();
  }

  /** {@code http://…/v2/default} and this. */
  String url(String path) {
    return "http://127.0.0.1:%d/v2/default%s".formatted(ports.get(API), path);
  }

  private Optional<JobStatus> mirrored(String job) {
    try {
      return mirror.read(new JobId(job)).map(entry -> entry.view().status());
    } catch (JedisException _) {
      return Optional.empty();
    }
  }

  private static int rank(JobStatus status) {
    return status.isTerminal() ? 2 : status == JobStatus.IN_PROGRESS ? 1 : 0;
  }

  private static Optional<JobView> answered(HttpResponse<String> response) {
    if (response.statusCode() != 503) {
      return Optional.of(Http.view(response));
    }
    assertThat(response.headers().firstValue("Retry-After")).as(response.body()).isPresent();
    return Optional.empty();
  }

  private static HttpResponse<String> inTime(Supplier<HttpResponse<String>> request) {
    var began = System.nanoTime();
    var response = request.get();
    assertThat(Duration.ofNanos(System.nanoTime() - began))
        .as(() -> response.request() + " was answered " + response.body())
        .isLessThan(ANSWER_LIMIT);
    return response;
  }

  private String probe(String service, String path) {
    try {
      var response = Http.get("http://127.0.0.1:" + ports.get(service) + path);
      return response.statusCode() + " " + response.body();
    } catch (UncheckedIOException e) {
      return "no answer: " + e.getMessage();
    }
  }

  private List<String> output(String service) {
    return services.get(service).output();
  }

  private String redisUrl() {
    return "redis://" + redis.address();
  }

  private Map<String, String> environment(String service) {
    var port = ports.computeIfAbsent(service, _ -> FreePort.find()).toString();
    var environment = new HashMap<String, String>();
    environment.put("TALLY_KAFKA", kafka.address());
    environment.put("TALLY_REDIS", redisUrl());
    environment.put("TALLY_ALLOWED_NETWORKS", "127.0.0.0/8");
    environment.put("TALLY_ENDPOINTS_FILE", folder.resolve("endpoints.yaml").toString());
    environment.put("TALLY_DATA_DIR", dataOf(service).toString());
    environment.put("TALLY_JAVA_OPTS", "-Xmx256m");
    environment.put(service.equals(API) ? "TALLY_API_PORT" : "TALLY_HEALTH_PORT", port);
    if (service.equals(RUNNER)) {
      environment.put("TALLY_RUNNER_RUNTIME", "process");
      environment.put("TALLY_RUNNER_ID", "runner-1");
    }
    if (service.equals(DISPATCHER)) {
      environment.put("TALLY_DISPATCHER_ID", "dispatcher-1");
    }
    return environment;
  }

  @Override
  public void close() {
    services.values().forEach(Tally::close);
    mirror.close();
    redis.close();
    kafka.close();
  }
}
