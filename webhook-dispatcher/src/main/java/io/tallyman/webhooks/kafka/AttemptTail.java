package io.tallyman.webhooks.kafka;

import io.tallyman.schemas.Topics;
import io.tallyman.schemas.job.WebhookAttempt;
import io.tallyman.schemas.json.MalformedMessage;
import io.tallyman.schemas.kafka.Records;
import io.tallyman.webhooks.delivery.PastAttempts;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Collection;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the latest attempts back, so that after a crash nobody starts counting again. The end of
 * the topic is enough: a delivery ends in minutes.
 */
final class AttemptTail {

  private static final Logger LOG = LoggerFactory.getLogger(AttemptTail.class);

  /** What is older belongs to deliveries that have ended, or gets its attempts anew. */
  private static final Duration AGE = Duration.ofMinutes(15);

  /** Per partition; about 0.5 KB each are kept, for as long as the partition is ours. */
  private static final long MAX_RECORDS = 50_000;

  /** A rebalance waits for it. */
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private static final Duration POLL = Duration.ofMillis(100);

  private final Supplier<Consumer<byte[], byte[]>> consumers;
  private final InstantSource clock;

  /**
   * A reader.
   *
   * @param consumers makes a consumer without a group
   */
  AttemptTail(Supplier<Consumer<byte[], byte[]>> consumers, InstantSource clock) {
    this.consumers = consumers;
    this.clock = clock;
  }

  /**
   * The attempts of deliveries of these partitions.
   *
   * @param numbers of partitions: events and attempts of a job are in the same
   */
  PastAttempts read(Collection<Integer> numbers) {
    var past = PastAttempts.none();
    if (numbers.isEmpty()) {
      return past;
    }
    var until = System.nanoTime() + PATIENCE.toNanos();
    try (var consumer = consumers.get()) {
      var partitions =
          numbers.stream()
              .map(number -> new TopicPartition(Topics.WEBHOOK_ATTEMPTS.name(), number))
              .toList();
      consumer.assign(partitions);
      var ends = consumer.endOffsets(partitions);
      var since = clock.instant().minus(AGE).toEpochMilli();
      var starts =
          consumer.offsetsForTimes(
              partitions.stream().collect(Collectors.toMap(Function.identity(), _ -> since)));
      for (var partition : partitions) {
        var end = ends.getOrDefault(partition, 0L);
        var start = starts.get(partition);
        consumer.seek(partition, start == null ? end : Math.max(start.offset(), end - MAX_RECORDS));
      }
      while (System.nanoTime() < until
          && partitions.stream()
              .anyMatch(it -> consumer.position(it) < ends.getOrDefault(it, 0L))) {
        for (var record : consumer.poll(POLL)) {
          try {
            past.add(Records.decode(WebhookAttempt.class, record.headers(), record.value()));
          } catch (MalformedMessage | RuntimeException e) { // The edge of a loop over records.
            LOG.debug("{}@{} is no attempt: {}", record.partition(), record.offset(), e, e);
          }
        }
      }
    }
    LOG.info("attempts of {} deliveries read back", past.size());
    return past;
  }
}
