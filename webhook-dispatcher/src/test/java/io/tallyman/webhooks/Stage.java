package io.tallyman.webhooks;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.runtime.CommonSettings;
import io.tallyman.runtime.Service.Health;
import io.tallyman.runtime.endpoints.Endpoints;
import io.tallyman.runtime.net.AddressPolicy;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.EventMeta;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobEvent.JobRequeued;
import io.tallyman.schemas.job.JobId;
import io.tallyman.webhooks.http.Receiver;
import io.tallyman.webhooks.http.Receiver.Received;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;

/** The dispatchers and receivers of one test, closed with it. */
final class Stage implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofSeconds(150);

  private final Path folder;
  private final String endpoints;
  private final String group;
  private final List<WebhookDispatcher> dispatchers = new ArrayList<>();
  private final List<Receiver> receivers = new ArrayList<>();
  private final CountDownLatch released = new CountDownLatch(1);

  /**
   * Nobody on it.
   *
   * @param endpoints as in the endpoints file
   */
  Stage(Path folder, String endpoints, String group) {
    this.folder = folder;
    this.endpoints = endpoints;
    this.group = group;
  }

  /** What a dispatcher is started with. */
  static WebhookSettings settings(
      String kafka, String endpoints, Path folder, String group, Optional<String> name) {
    return new WebhookSettings(
        new CommonSettings(
            kafka,
            "redis://unused",
            Endpoints.parse("test.yaml", endpoints.getBytes(UTF_8)),
            folder,
            AddressPolicy.allowing("127.0.0.0/8")),
        group,
        name,
        1_000);
  }

  /** One that has joined its group. */
  WebhookDispatcher dispatcher(String kafka) throws Exception {
    return dispatcher(kafka, Optional.empty());
  }

  /** The same under a name of its own. */
  WebhookDispatcher dispatcher(String kafka, Optional<String> name) throws Exception {
    var dispatcher = WebhookDispatcher.start(settings(kafka, endpoints, folder, group, name));
    dispatchers.add(dispatcher);
    await(() -> isReady(dispatcher));
    return dispatcher;
  }

  Receiver receiver(ToIntFunction<Received> answer) throws IOException {
    var receiver = new Receiver(answer);
    receivers.add(receiver);
    return receiver;
  }

  /** Acknowledges when {@link #release} was called, and not before. */
  int whenReleased(Received ignored) {
    try {
      released.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return 200;
  }

  void release() {
    released.countDown();
  }

  @Override
  public void close() {
    release();
    dispatchers.forEach(WebhookDispatcher::close);
    receivers.forEach(Receiver::close);
  }

  static boolean isReady(WebhookDispatcher dispatcher) {
    return dispatcher.health().stream().allMatch(Health::isReady);
  }

  /** One state each of so many jobs. */
  static List<JobEvent> states(String prefix, int jobs, long sequence, URI receiver) {
    return IntStream.range(0, jobs)
        .<JobEvent>mapToObj(
            i -> new JobRequeued(meta(prefix + i, sequence, receiver), "retried: x", Instant.EPOCH))
        .toList();
  }

  static EventMeta meta(String job, long sequence, URI receiver) {
    return new EventMeta(
        new JobId(job),
        EndpointName.DEFAULT,
        sequence,
        1,
        Instant.EPOCH,
        "api",
        Optional.of(receiver));
  }

  /** A number of {@code /metrics}. */
  static double number(WebhookDispatcher dispatcher, String series) {
    return dispatcher
        .metrics()
        .lines()
        .filter(line -> line.startsWith(series + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(series.length() + 1)))
        .findFirst()
        .orElseThrow();
  }

  static void await(Callable<Boolean> condition) throws Exception {
    var until = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.call()) {
      assertThat(System.nanoTime()).as("%s have passed", PATIENCE).isLessThan(until);
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
    }
  }

  /** Lets time pass in which nothing may happen. */
  static void awaitEndOf(Duration time) throws Exception {
    var until = System.nanoTime() + time.toNanos();
    await(() -> System.nanoTime() - until > 0);
  }
}
