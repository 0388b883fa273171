package io.tallyman.webhooks;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.runtime.Service;
import io.tallyman.runtime.kafka.KafkaSettings;
import io.tallyman.runtime.kafka.WebhookDeadLetters;
import io.tallyman.runtime.net.VettedResolver;
import io.tallyman.webhooks.delivery.Backlog;
import io.tallyman.webhooks.delivery.Deliverer;
import io.tallyman.webhooks.delivery.Pulse;
import io.tallyman.webhooks.http.WebhookClient;
import io.tallyman.webhooks.kafka.EventLoop;
import io.tallyman.webhooks.kafka.EventReader;
import io.tallyman.webhooks.kafka.Intake;
import io.tallyman.webhooks.kafka.Redrive;
import io.tallyman.webhooks.kafka.WebhookTopics;
import io.tallyman.webhooks.metrics.WebhookMetrics;
import io.tallyman.webhooks.resilience.TargetGuards;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ScheduledThreadPoolExecutor;

/**
 * Tells the receiver of every job that has a webhook of each of its transitions: at least once, in
 * the order they happened, signed when the endpoint has a secret, without one receiver holding up
 * another. An event counts as told when its receiver acknowledged it, or when it was given up and
 * the dead letter is durable; a crash in between tells it again, with the same {@code webhook-id}.
 */
public final class WebhookDispatcher implements Service {

  /** How long a record may wait for Kafka before its writer tries again. */
  private static final int WRITE_TIMEOUT_MS = 30_000;

  /**
   * How long an attempt's record waits for others. Each alone is a request to Kafka and 130 KB of
   * buffers to compress it in.
   */
  private static final int LINGER_MS = 5;

  private final EventReader reader;
  private final Redrive redrive;
  private final WebhookTopics topics;
  private final WebhookClient client;
  private final WebhookMetrics metrics;
  private final ScheduledThreadPoolExecutor timer;

  private WebhookDispatcher(
      EventReader reader,
      Redrive redrive,
      WebhookTopics topics,
      WebhookClient client,
      WebhookMetrics metrics,
      ScheduledThreadPoolExecutor timer) {
    this.reader = reader;
    this.redrive = redrive;
    this.topics = topics;
    this.client = client;
    this.metrics = metrics;
    this.timer = timer;
  }

  /** Starts one; it connects to Kafka in the background. */
  public static WebhookDispatcher start(WebhookSettings settings) {
    var common = settings.common();
    var timer = timer();
    var client =
        new WebhookClient(
            "Tallyman/" + version(),
            settings.maxInFlight(),
            new VettedResolver(common.addresses()),
            timer);
    var topics =
        new WebhookTopics(
            () ->
                KafkaSettings.producer(
                    common.kafka(), "webhook-dispatcher", WRITE_TIMEOUT_MS, LINGER_MS),
            () ->
                KafkaSettings.producer(
                    common.kafka(), "webhook-overflow", Integer.MAX_VALUE, LINGER_MS));
    var backlog = new Backlog();
    var metrics = new WebhookMetrics();
    var clock = InstantSource.system();
    var pulse = new Pulse(System::nanoTime, Duration.ofMillis(KafkaSettings.SESSION_TIMEOUT_MS));
    var deliverer =
        new Deliverer(
            common.endpoints(),
            new Deliverer.Ports(
                client, topics, metrics, new TargetGuards(System::nanoTime), pulse, clock, timer),
            backlog,
            settings.maxInFlight());
    var intake = new Intake(deliverer, metrics, topics, backlog, timer);
    var redrive =
        new Redrive(new WebhookDeadLetters(common.kafka(), "webhook-redrive"), topics, clock);
    var loop = new EventLoop(backlog, deliverer, intake, redrive, pulse);
    register(metrics, backlog, deliverer, loop);
    var reader =
        EventReader.start(
            common.kafka(),
            common.minReplication(),
            new EventReader.Membership(settings.group(), settings.instance()),
            new EventReader.Parts(loop, topics, deliverer, backlog, clock));
    return new WebhookDispatcher(reader, redrive, topics, client, metrics, timer);
  }

  private static void register(
      WebhookMetrics metrics, Backlog backlog, Deliverer deliverer, EventLoop loop) {
    metrics.gauge("pending", "Deliveries that are not terminal", backlog::deliveries);
    metrics.gauge("in.flight", "Requests under way", deliverer::inFlight);
    metrics.gauge("sleeping", "Deliveries between two attempts", deliverer::sleeping);
    metrics.gauge(
        "oldest.seconds",
        "How long the oldest delivery has been pending",
        () -> backlog.oldest().toMillis() / 1_000.0);
    metrics.gauge("paused", "1 while reading waits for deliveries", () -> loop.isPaused() ? 1 : 0);
    metrics.gauge("spilling", "Receivers whose events are put aside", loop::spilling);
  }

  @Override
  public String metrics() {
    return metrics.text();
  }

  @Override
  public List<Health> health() {
    return List.of(reader.health());
  }

  @Override
  public void close() {
    reader.close();
    redrive.close();
    topics.close();
    client.close();
    timer.shutdownNow();
    metrics.close();
  }

  /** One thread: what it starts leaves it at once. */
  private static ScheduledThreadPoolExecutor timer() {
    var timer =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().name("webhook-timer").daemon().factory());
    timer.setRemoveOnCancelPolicy(true);
    return timer;
  }

  private static String version() {
    try (var text = WebhookDispatcher.class.getResourceAsStream("version.txt")) {
      return new String(Objects.requireNonNull(text).readAllBytes(), UTF_8).strip();
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to read version.txt", e);
    }
  }
}
