package io.tallyman.processor.kafka;

import io.tallyman.runtime.Service.Health;
import io.tallyman.runtime.kafka.KafkaSettings;
import io.tallyman.runtime.redis.JobViews;
import io.tallyman.runtime.redis.JobViews.Entry;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.json.MalformedMessage;
import io.tallyman.schemas.kafka.Records;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.exceptions.JedisException;

/**
 * Keeps Redis like the log: reads committed events, writes each job's newest view, fenced by its
 * sequence, so that doing it twice is harmless. When Redis is down it waits, and jobs go on; when
 * Redis comes back empty it notices by its own mark and reads the last hour again.
 */
public final class Mirror implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Mirror.class);

  private static final Duration POLL = Duration.ofMillis(200);

  /**
   * Kafka does not answer when it was silent for this long; it is asked twice a second, or once in
   * 3 s where this mirror has no partition.
   */
  private static final Duration SILENCE = Duration.ofSeconds(5);

  /** How often the marks are looked for; an emptied Redis is noticed within this time. */
  private static final Duration CHECK = Duration.ofSeconds(5);

  /** Events written in one round trip. */
  private static final int BATCH = 1_000;

  private final JobViews views;
  private final InstantSource clock;
  private final Consumer<byte[], byte[]> consumer;
  private final Thread thread;
  private final AtomicBoolean isClosed = new AtomicBoolean();
  private volatile Health health = Health.notReady("mirror", "not yet connected");

  /** Counts what Kafka answers: a poll without records looks the same with and without it. */
  private final Metric answers;

  private double answersHeard;
  private volatile long heardAt = System.nanoTime();

  /** Partitions that are read again, and how far. */
  private final Map<TopicPartition, Long> catchingUp = new HashMap<>();

  private long checkedAt = Long.MIN_VALUE;

  /** Starts it, in the background. */
  public Mirror(String kafka, String instance, JobViews views, InstantSource clock) {
    this.views = views;
    this.clock = clock;
    this.consumer =
        KafkaSettings.consumer(
            kafka,
            "mirror-" + instance,
            Map.of(
                ConsumerConfig.GROUP_ID_CONFIG,
                "tally-mirror",
                ConsumerConfig.GROUP_INSTANCE_ID_CONFIG,
                instance,
                ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG,
                KafkaSettings.SESSION_TIMEOUT_MS,
                ConsumerConfig.MAX_POLL_RECORDS_CONFIG,
                BATCH));
    this.answers = answers(consumer);
    this.thread = Thread.ofPlatform().name("mirror").daemon().start(this::run);
  }

  private static Metric answers(Consumer<byte[], byte[]> consumer) {
    return consumer.metrics().entrySet().stream()
        .filter(
            metric ->
                metric.getKey().group().equals("consumer-metrics")
                    && metric.getKey().name().equals("response-total"))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("Expected the consumer to count answers"))
        .getValue();
  }

  /**
   * Whether Redis follows the log now. Jobs go on without Redis; without Kafka nothing does, and
   * Streams does not say so.
   */
  public Health health() {
    var silence = Duration.ofNanos(System.nanoTime() - heardAt);
    return health.isReady() && silence.compareTo(SILENCE) > 0
        ? Health.notReady(
            "mirror",
            "Kafka has not answered for %d s; goes on when it does".formatted(silence.toSeconds()))
        : health;
  }

  @Override
  public void close() {
    isClosed.set(true);
    consumer.wakeup();
    try {
      thread.join(Duration.ofSeconds(3));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    try (consumer) {
      consumer.subscribe(Set.of(Topics.EVENTS.name()), new OnAssigned());
      while (!isClosed.get()) {
        turn();
      }
    } catch (WakeupException e) {
      LOG.debug("the mirror stops");
    }
  }

  private void turn() {
    try {
      var records = poll();
      if (consumer.assignment().isEmpty()) {
        return;
      }
      try {
        write(records);
        rewindWhereRedisForgot();
        markWhatIsWhole();
      } catch (JedisException | IllegalStateException e) {
        // It does not answer, or it refuses: it is full, or a replica.
        health =
            Health.notReady("mirror", "Redis takes no views; will try again: " + e.getMessage());
        LOG.warn("Redis takes no views ({}); jobs go on, will try again", e.getMessage());
        // It may come back without what was written so far.
        catchingUp.clear();
        checkedAt = Long.MIN_VALUE;
        waitForRedis(records);
        return;
      }
      health = Health.ready("mirror", "Redis follows the log");
    } catch (WakeupException e) {
      throw e;
    } catch (KafkaException e) {
      health = Health.notReady("mirror", "lost Kafka; will try again: " + e.getMessage());
      LOG.warn("the mirror lost Kafka ({}); will try again", e.getMessage());
      LockSupport.parkNanos(POLL.toNanos());
    }
  }

  private ConsumerRecords<byte[], byte[]> poll() {
    var records = consumer.poll(POLL);
    var count = ((Number) answers.metricValue()).doubleValue();
    if (count > answersHeard) {
      answersHeard = count;
      heardAt = System.nanoTime();
    }
    return records;
  }

  /**
   * Stays in the group without reading on, until Redis answers; then the same records come again.
   */
  private void waitForRedis(ConsumerRecords<byte[], byte[]> records) {
    readAgain(records);
    try {
      do {
        consumer.pause(consumer.assignment());
        // Only partitions that were assigned just now have any.
        readAgain(poll());
      } while (!isClosed.get() && !answers());
    } finally {
      consumer.resume(consumer.assignment());
    }
  }

  private void readAgain(ConsumerRecords<byte[], byte[]> records) {
    for (var partition : records.partitions()) {
      consumer.seek(partition, records.records(partition).getFirst().offset());
    }
  }

  private boolean answers() {
    try {
      views.ping();
      return true;
    } catch (JedisException e) {
      return false;
    }
  }

  private void write(ConsumerRecords<byte[], byte[]> records) {
    if (!records.isEmpty()) {
      var newest = new LinkedHashMap<JobId, Entry>();
      for (var record : records) {
        read(record, newest);
      }
      views.write(new ArrayList<>(newest.values()));
      consumer.commitAsync(
          records.partitions().stream()
              .collect(
                  Collectors.toMap(
                      partition -> partition,
                      partition ->
                          new OffsetAndMetadata(
                              records.records(partition).getLast().offset() + 1))),
          (_, failure) -> {
            if (failure != null) {
              LOG.debug(
                  "offsets not committed ({}); records may be mirrored again",
                  failure.getMessage());
            }
          });
    }
  }

  /** A projection is tolerant: what it cannot read, it counts out and goes on. */
  private static void read(ConsumerRecord<byte[], byte[]> record, Map<JobId, Entry> newest) {
    try {
      var event = Records.event(record);
      newest.put(event.meta().jobId(), Entry.of(event));
    } catch (MalformedMessage e) {
      LOG.warn(
          "{}-{}@{} is no event and is not mirrored: {}",
          record.topic(),
          record.partition(),
          record.offset(),
          e.getMessage());
    }
  }

  /** Every partition has a mark in Redis. Where it is gone, Redis lost what was written before. */
  private void rewindWhereRedisForgot() {
    var now = clock.millis();
    if (now < checkedAt + CHECK.toMillis()) {
      return;
    }
    for (var partition : consumer.assignment()) {
      if (!catchingUp.containsKey(partition) && !views.isMarked(mark(partition))) {
        LOG.info("Redis has no mark of {}: mirroring its last hour again", partition);
        var end = consumer.endOffsets(Set.of(partition)).get(partition);
        rewind(partition, now - JobViews.TIME_TO_LIVE.toMillis());
        views.mark(beginning(partition));
        catchingUp.put(partition, end);
      }
    }
    checkedAt = now;
  }

  private void rewind(TopicPartition partition, long since) {
    var found = consumer.offsetsForTimes(Map.of(partition, since)).get(partition);
    if (found == null) {
      consumer.seekToEnd(Set.of(partition));
    } else {
      consumer.seek(partition, found.offset());
    }
  }

  /**
   * The mark comes last: a mirror that stopped half-way must start over. So must one whose mark of
   * the beginning is gone: Redis was emptied in between.
   */
  private void markWhatIsWhole() {
    var done =
        catchingUp.entrySet().stream()
            .filter(entry -> consumer.position(entry.getKey()) >= entry.getValue())
            .map(Map.Entry::getKey)
            .toList();
    for (var partition : done) {
      if (views.isMarked(beginning(partition))) {
        views.mark(mark(partition));
      } else {
        checkedAt = Long.MIN_VALUE;
      }
      catchingUp.remove(partition);
    }
  }

  private static String mark(TopicPartition partition) {
    return "mirror:" + partition;
  }

  private static String beginning(TopicPartition partition) {
    return mark(partition) + ":beginning";
  }

  private final class OnAssigned implements ConsumerRebalanceListener {
    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
      catchingUp.keySet().removeAll(partitions);
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
      checkedAt = Long.MIN_VALUE;
    }
  }
}
