package io.tallyman.webhooks.kafka;

import io.tallyman.runtime.Service.Health;
import io.tallyman.runtime.kafka.KafkaSettings;
import io.tallyman.runtime.kafka.RecordReader;
import io.tallyman.runtime.kafka.TopicSetup;
import io.tallyman.schemas.Topics;
import io.tallyman.webhooks.delivery.Backlog;
import io.tallyman.webhooks.delivery.Deliverer;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.common.errors.FencedInstanceIdException;
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

  /** Between two looks at what an operator has to put right. */
  private static final Duration LOOK_AGAIN = Duration.ofSeconds(2);

  /** How long {@link #close} waits for the thread: enough to commit and to leave the group. */
  private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(3);

  private static final int HEARTBEAT_MS = KafkaSettings.SESSION_TIMEOUT_MS / 5;

  /**
   * Of what is put aside or told again, read ahead and kept until its receivers have room; a larger
   * record comes.
   */
  private static final int MAX_FETCH_BYTES = 1 << 20;

  /**
   * These consumers read what is there once in a round, which may take 100 ms. With Kafka's 64 KB a
   * record of 24 MiB took 12 s; the system's buffer grows.
   */
  private static final int SYSTEM_DEFAULT = -1;

  /** Of these, read between two polls of the event log, which wait for it. */
  private static final int MAX_POLL_RECORDS = 100;

  private final String bootstrapServers;
  private final int replicas;
  private final Membership membership;
  private final Parts parts;
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Thread thread;

  private volatile boolean isConnecting = true;

  private volatile String waitsFor = "waits for Kafka";

  private volatile String ending = "the thread that reads events has ended: restart the service";

  private EventReader(String bootstrapServers, int replicas, Membership membership, Parts parts) {
    this.bootstrapServers = bootstrapServers;
    this.replicas = replicas;
    this.membership = membership;
    this.parts = parts;
    this.thread = Thread.ofPlatform().name("webhook-events").daemon().unstarted(this::run);
  }

  /**
   * Starts to read, as soon as Kafka is there.
   *
   * @param replicas that its topics must have at least
   * @param membership of the dispatchers that share the work
   * @param parts what to do with the events
   */
  public static EventReader start(
      String bootstrapServers, int replicas, Membership membership, Parts parts) {
    var reader = new EventReader(bootstrapServers, replicas, membership, parts);
    reader.thread.start();
    return reader;
  }

  /**
   * Who reads.
   *
   * @param group consumer group
   * @param instance {@code group.instance.id}: a member that comes back under it within its session
   *     has its partitions at once. Without one the group waits until the session is over
   */
  public record Membership(String group, Optional<String> instance) {

    private Map<String, Object> settings() {
      var settings = new HashMap<String, Object>();
      settings.put(ConsumerConfig.GROUP_ID_CONFIG, group);
      instance.ifPresent(it -> settings.put(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG, it));
      return settings;
    }
  }

  /**
   * What it drives.
   *
   * @param loop what to do with the events
   */
  public record Parts(
      EventLoop loop,
      WebhookTopics topics,
      Deliverer deliverer,
      Backlog backlog,
      InstantSource clock) {

    private Redeliveries redeliveries(
        Consumer<byte[], byte[]> consumer, Supplier<RecordReader> readers) {
      return new Redeliveries(consumer, readers, deliverer);
    }

    private Overflow overflow(Consumer<byte[], byte[]> consumer) {
      return new Overflow(consumer, topics, deliverer, backlog);
    }
  }

  /** Whether events are being read. */
  public Health health() {
    if (!thread.isAlive()) {
      return Health.notReady("kafka", ending);
    }
    return isConnecting ? Health.notReady("kafka", waitsFor) : parts.loop().health();
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
      } catch (FencedInstanceIdException e) {
        // To come back would throw out the other one, which would come back, and so on.
        ending =
            "another webhook-dispatcher goes by the name %s: end one of the two, or give it another TALLY_DISPATCHER_ID"
                .formatted(membership.instance().orElse("of this one"));
        LOG.error("reading events has ended: {}", ending);
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
            Topics.WEBHOOK_OVERFLOW,
            Topics.WEBHOOK_REDELIVERIES,
            Topics.DEAD_LETTERS),
        replicas,
        obstacle -> waitsFor = obstacle);
    if (!awaitSideTopics()) {
      return;
    }
    var consumer = consumer();
    var overflow = parts.overflow(manualConsumer("webhook-overflow", "-overflow"));
    var redeliveries =
        parts.redeliveries(
            manualConsumer("webhook-redeliveries", "-redeliveries"),
            () -> new RecordReader(bootstrapServers, "webhook-redeliveries"));
    var tail =
        new AttemptTail(
            () -> KafkaSettings.consumer(bootstrapServers, "webhook-attempts", Map.of()),
            parts.clock());
    isConnecting = false;
    parts.loop().run(consumer, overflow, redeliveries, tail, this::isClosing);
  }

  /** False when told to stop meanwhile. */
  private boolean awaitSideTopics() throws InterruptedException {
    try (var consumer = KafkaSettings.consumer(bootstrapServers, "webhook-partitions", Map.of())) {
      for (var found = SideTopics.obstacle(consumer, bootstrapServers);
          found.isPresent();
          found = SideTopics.obstacle(consumer, bootstrapServers)) {
        LOG.warn("{}; still trying", found.get());
        waitsFor = found.get();
        if (closing.await(LOOK_AGAIN.toMillis(), TimeUnit.MILLISECONDS)) {
          return false;
        }
      }
    }
    return true;
  }

  /** Partitions are given to it by hand; the group is for its commits alone. */
  private Consumer<byte[], byte[]> manualConsumer(String clientId, String suffix) {
    return KafkaSettings.consumer(
        bootstrapServers,
        clientId,
        Map.of(
            ConsumerConfig.GROUP_ID_CONFIG,
            membership.group() + suffix,
            ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG,
            MAX_FETCH_BYTES,
            ConsumerConfig.MAX_POLL_RECORDS_CONFIG,
            MAX_POLL_RECORDS,
            ConsumerConfig.RECEIVE_BUFFER_CONFIG,
            SYSTEM_DEFAULT));
  }

  private Consumer<byte[], byte[]> consumer() {
    var settings = membership.settings();
    settings.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, KafkaSettings.SESSION_TIMEOUT_MS);
    settings.put(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, HEARTBEAT_MS);
    // A partition that stays with its owner is not revoked, so its deliveries go on.
    settings.put(
        ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG,
        CooperativeStickyAssignor.class.getName());
    return KafkaSettings.consumer(bootstrapServers, "webhook-dispatcher", settings);
  }
}
