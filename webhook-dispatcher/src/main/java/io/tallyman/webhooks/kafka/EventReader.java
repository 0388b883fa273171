package io.tallyman.webhooks.kafka;

import io.tallyman.runtime.Service.Health;
import io.tallyman.runtime.kafka.KafkaSettings;
import io.tallyman.runtime.kafka.TopicSetup;
import io.tallyman.schemas.Topics;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.common.errors.InterruptException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that reads the event log: waits for Kafka, polls, and begins again after a fault. What
 * it does with records is {@link EventLoop}'s.
 */
public final class EventReader implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(EventReader.class);

  /** Between a fault and the next try. */
  private static final Duration RECONNECT_PAUSE = Duration.ofSeconds(1);

  /** How long {@link #close} waits for the thread: enough to commit and to leave the group. */
  private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(3);

  private static final int HEARTBEAT_MS = KafkaSettings.SESSION_TIMEOUT_MS / 5;

  private final String bootstrapServers;
  private final int replicas;
  private final String group;
  private final EventLoop loop;
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Thread thread;

  private volatile boolean isConnecting = true;

  private volatile String waitsFor = "waits for Kafka";

  private EventReader(String bootstrapServers, int replicas, String group, EventLoop loop) {
    this.bootstrapServers = bootstrapServers;
    this.replicas = replicas;
    this.group = group;
    this.loop = loop;
    this.thread = Thread.ofPlatform().name("webhook-events").daemon().unstarted(this::run);
  }

  /**
   * Starts to read, as soon as Kafka is there.
   *
   * @param replicas that its topics must have at least
   * @param group consumer group
   * @param loop what to do with the events
   */
  public static EventReader start(
      String bootstrapServers, int replicas, String group, EventLoop loop) {
    var reader = new EventReader(bootstrapServers, replicas, group, loop);
    reader.thread.start();
    return reader;
  }

  /** Whether events are being read. */
  public Health health() {
    if (!thread.isAlive()) {
      return Health.notReady(
          "kafka", "the thread that reads events has ended: restart the service");
    }
    return isConnecting ? Health.notReady("kafka", waitsFor) : loop.health();
  }

  /** Stops deliveries, commits what is done, leaves the group. */
  @Override
  public void close() {
    closing.countDown();
    if (isConnecting) {
      thread.interrupt();
    }
    try {
      if (!thread.join(CLOSE_PATIENCE)) {
        LOG.warn("Kafka does not answer; what was delivered in the last second is told again");
        thread.interrupt();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean isClosing() {
    return closing.getCount() == 0;
  }

  private void run() {
    while (!isClosing()) {
      try {
        connectAndRead();
      } catch (InterruptedException | InterruptException e) {
        Thread.currentThread().interrupt();
        return;
      } catch (RuntimeException e) {
        LOG.error("reading events failed; begins again in {}", RECONNECT_PAUSE, e);
      }
      isConnecting = true;
      try {
        if (closing.await(RECONNECT_PAUSE.toMillis(), TimeUnit.MILLISECONDS)) {
          return;
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  private void connectAndRead() throws InterruptedException {
    TopicSetup.ensure(
        bootstrapServers,
        List.of(
            Topics.EVENTS,
            Topics.WEBHOOK_ATTEMPTS,
            Topics.WEBHOOK_DEAD_LETTERS,
            Topics.DEAD_LETTERS),
        replicas,
        obstacle -> waitsFor = obstacle);
    var consumer = consumer();
    isConnecting = false;
    loop.run(consumer, this::isClosing);
  }

  private Consumer<byte[], byte[]> consumer() {
    return KafkaSettings.consumer(
        bootstrapServers,
        "webhook-dispatcher",
        Map.of(
            ConsumerConfig.GROUP_ID_CONFIG,
            group,
            ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG,
            KafkaSettings.SESSION_TIMEOUT_MS,
            ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG,
            HEARTBEAT_MS,
            // A partition that stays with its owner is not revoked, so its deliveries go on.
            ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG,
            CooperativeStickyAssignor.class.getName()));
  }
}
