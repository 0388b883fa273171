package io.tallyman.chaos.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.chaos.history.Progress;
import io.tallyman.chaos.history.Ticker;
import io.tallyman.runtime.kafka.KafkaSettings;
import io.tallyman.schemas.Topics;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads along while a run goes on, and tells when something was there to read. */
public final class EventTail implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(EventTail.class);
  private static final Duration POLL = Duration.ofMillis(200);

  /** A poll waits for nothing else; closing a consumer whose brokers are away takes a while. */
  private static final Duration STOP_LIMIT = Duration.ofSeconds(30);

  private static final String START = ".started.";

  private final String bootstrapServers;
  private final Ticker ticker;
  private final Consumer<Progress> record;
  private final Thread thread;
  private volatile boolean isStopping;
  private volatile long lastAt;

  /**
   * Reads from now on.
   *
   * @param bootstrapServers past the proxies
   * @param record told of everything new
   */
  public EventTail(String bootstrapServers, Ticker ticker, Consumer<Progress> record) {
    this.bootstrapServers = bootstrapServers;
    this.ticker = ticker;
    this.record = record;
    this.lastAt = ticker.nowMicros();
    this.thread = Thread.ofPlatform().daemon().name("chaos-tail").start(this::read);
  }

  /** When something new was last there to read; the beginning when nothing ever was. */
  public long lastAt() {
    return lastAt;
  }

  @Override
  public void close() {
    isStopping = true;
    try {
      if (!thread.join(STOP_LIMIT)) {
        LOG.warn("the tail of the log did not end within {}", STOP_LIMIT);
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private void read() {
    var partitions =
        Stream.of(Topics.EVENTS, Topics.WEBHOOK_ATTEMPTS)
            .flatMap(
                topic ->
                    IntStream.range(0, topic.partitions())
                        .mapToObj(number -> new TopicPartition(topic.name(), number)))
            .toList();
    try (var consumer = KafkaSettings.consumer(bootstrapServers, "chaos-tail", Map.of())) {
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      while (!isStopping) {
        var records = consumer.poll(POLL);
        var now = ticker.nowMicros();
        for (var partition : records.partitions()) {
          tell(now, partition, records.records(partition));
        }
      }
    } catch (KafkaException e) {
      LOG.warn("the tail of the log ended: no recovery can be measured from here on", e);
    }
  }

  private void tell(
      long now, TopicPartition partition, List<ConsumerRecord<byte[], byte[]>> records) {
    var starts = (int) records.stream().filter(EventTail::isStart).count();
    record.accept(
        new Progress(now, partition.topic(), partition.partition(), records.size(), starts));
    lastAt = now;
  }

  private static boolean isStart(ConsumerRecord<byte[], byte[]> read) {
    var type = read.headers().lastHeader("ce_type");
    return type != null && type.value() != null && new String(type.value(), UTF_8).contains(START);
  }
}
