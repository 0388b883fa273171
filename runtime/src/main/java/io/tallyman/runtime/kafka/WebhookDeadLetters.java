package io.tallyman.runtime.kafka;

import io.tallyman.schemas.Topics;
import io.tallyman.schemas.Topics.Topic;
import io.tallyman.schemas.job.WebhookAttempt;
import io.tallyman.schemas.job.WebhookRedelivery;
import io.tallyman.schemas.json.MalformedMessage;
import io.tallyman.schemas.kafka.Records;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deliveries that were given up, and whose redelivery nobody has ordered since: read from the
 * topics each time, so that whoever asks is right after any crash. Which of a letter and an order
 * is younger is told by the clocks of those who wrote them.
 */
public final class WebhookDeadLetters {

  private static final Logger LOG = LoggerFactory.getLogger(WebhookDeadLetters.class);

  /** The oldest letter that is looked for: orders are kept as long. */
  public static final Duration MAX_AGE = Topics.WEBHOOK_REDELIVERIES.retention();

  private static final Duration POLL = Duration.ofMillis(100);

  /** Between two records; a topic that is served slowly is read to its end nonetheless. */
  private static final Duration SILENCE = Duration.ofSeconds(5);

  private final String bootstrapServers;
  private final String clientId;

  /**
   * A reader; connects when asked.
   *
   * @param clientId how the broker's logs name it
   */
  public WebhookDeadLetters(String bootstrapServers, String clientId) {
    this.bootstrapServers = bootstrapServers;
    this.clientId = clientId;
  }

  /**
   * The latest letter of each such delivery, oldest first within a partition.
   *
   * @param since no letter that is older
   * @param isWanted which letters; others are not kept in memory
   * @param most how many at most, the oldest of each partition first
   * @param partitions where to look; empty: everywhere
   * @throws IOException when Kafka does not serve them
   */
  public List<WebhookAttempt> find(
      Instant since, Predicate<WebhookAttempt> isWanted, int most, Collection<Integer> partitions)
      throws IOException {
    try {
      return search(since, isWanted, most, partitions);
    } catch (KafkaException e) {
      throw new IOException("Expected to read dead letters of webhooks, but " + e, e);
    }
  }

  private List<WebhookAttempt> search(
      Instant since, Predicate<WebhookAttempt> isWanted, int most, Collection<Integer> partitions) {
    try (var consumer = KafkaSettings.consumer(bootstrapServers, clientId, Map.of())) {
      var ordered = new HashMap<String, Instant>();
      read(
          consumer,
          Topics.WEBHOOK_REDELIVERIES,
          since,
          partitions,
          WebhookRedelivery.class,
          order ->
              ordered.merge(order.webhookId(), order.time(), WebhookDeadLetters::later) != null);
      var letters = new LinkedHashMap<String, WebhookAttempt>();
      read(
          consumer,
          Topics.WEBHOOK_DEAD_LETTERS,
          since,
          partitions,
          WebhookAttempt.class,
          letter -> {
            if (isWanted.test(letter) && isAfter(letter, ordered.get(letter.webhookId()))) {
              letters.put(letter.webhookId(), letter);
            }
            return letters.size() < most;
          });
      return List.copyOf(letters.values());
    }
  }

  /** One topic from a moment to where it ends now, or until the reader has enough. */
  private <T> void read(
      Consumer<byte[], byte[]> consumer,
      Topic topic,
      Instant since,
      Collection<Integer> numbers,
      Class<T> type,
      Predicate<T> goesOn) {
    var partitions = partitions(consumer, topic, numbers);
    consumer.assign(partitions);
    var ends = consumer.endOffsets(partitions);
    var starts =
        consumer.offsetsForTimes(
            partitions.stream()
                .collect(Collectors.toMap(Function.identity(), _ -> since.toEpochMilli())));
    for (var partition : partitions) {
      var start = starts.get(partition);
      consumer.seek(partition, start == null ? ends.getOrDefault(partition, 0L) : start.offset());
    }
    var patience = System.nanoTime() + SILENCE.toNanos();
    while (partitions.stream().anyMatch(it -> consumer.position(it) < ends.getOrDefault(it, 0L))) {
      var records = consumer.poll(POLL);
      if (!records.isEmpty()) {
        patience = System.nanoTime() + SILENCE.toNanos();
      } else if (System.nanoTime() - patience > 0) {
        throw new TimeoutException(
            "Expected to read topic %s to its end, but nothing came for %d s"
                .formatted(topic.name(), SILENCE.toSeconds()));
      }
      for (var record : records) {
        if (!take(record, type, goesOn)) {
          return;
        }
      }
    }
  }

  private static <T> boolean take(
      ConsumerRecord<byte[], byte[]> record, Class<T> type, Predicate<T> goesOn) {
    try {
      return goesOn.test(Records.decode(type, record.headers(), record.value()));
    } catch (MalformedMessage e) {
      LOG.debug("{}-{}@{}: {}", record.topic(), record.partition(), record.offset(), e.toString());
      return true;
    }
  }

  private static List<TopicPartition> partitions(
      Consumer<byte[], byte[]> consumer, Topic topic, Collection<Integer> numbers) {
    return consumer.partitionsFor(topic.name()).stream()
        .map(info -> new TopicPartition(info.topic(), info.partition()))
        .filter(it -> numbers.isEmpty() || numbers.contains(it.partition()))
        .toList();
  }

  private static boolean isAfter(WebhookAttempt letter, @Nullable Instant order) {
    return order == null || letter.time().plus(letter.duration()).isAfter(order);
  }

  private static Instant later(Instant one, Instant other) {
    return one.isAfter(other) ? one : other;
  }
}
