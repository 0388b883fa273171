package io.tallyman.runner.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.runner.attempt.AttemptId;
import io.tallyman.runner.attempt.Attempts;
import io.tallyman.runtime.kafka.KafkaSettings;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.job.RunnerControl;
import io.tallyman.schemas.job.RunnerId;
import io.tallyman.schemas.json.MalformedMessage;
import io.tallyman.schemas.kafka.Records;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.utils.Utils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Orders to this runner, from the one partition that its id hashes to. What was said before it
 * started is not for it: it has no attempt then. From there on it misses nothing.
 */
final class ControlIntake implements Runnable {

  /** A poll returns as soon as there is something; this only bounds the idle loop. */
  private static final Duration POLL = Duration.ofSeconds(1);

  private static final Logger LOG = LoggerFactory.getLogger(ControlIntake.class);

  private final String bootstrapServers;
  private final RunnerId runner;
  private final byte[] key;
  private final Attempts attempts;
  private final DeadLetters deadLetters;
  private final Pause pause;
  private final CountDownLatch positioned = new CountDownLatch(1);
  private long next = -1;

  ControlIntake(
      String bootstrapServers,
      RunnerId runner,
      Attempts attempts,
      DeadLetters deadLetters,
      Pause pause) {
    this.bootstrapServers = bootstrapServers;
    this.runner = runner;
    this.key = runner.value().getBytes(UTF_8);
    this.attempts = attempts;
    this.deadLetters = deadLetters;
    this.pause = pause;
  }

  /** Waits until every order from now on will be seen. */
  void awaitPositioned() throws InterruptedException {
    positioned.await();
  }

  /** The partition of a key among {@code count}, as Kafka's default partitioner has it. */
  static int partition(byte[] key, int count) {
    return Utils.toPositive(Utils.murmur2(key)) % count;
  }

  @Override
  public void run() {
    while (!pause.isEnded()) {
      try (var consumer =
          KafkaSettings.consumer(
              bootstrapServers,
              runner + "-control",
              Map.of(
                  ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
                  "latest",
                  // Orders must be acted on in milliseconds, and none is large.
                  ConsumerConfig.FETCH_MIN_BYTES_CONFIG,
                  1))) {
        consume(consumer);
      } catch (InterruptException _) {
        // Told to stop; the loop's condition ends it. The flag must not disturb the close.
        Thread.interrupted();
      } catch (Exception e) {
        LOG.warn("orders to this runner cannot be read ({}); trying again", e.toString());
        pause.await();
      }
    }
  }

  private void consume(Consumer<byte[], byte[]> consumer) {
    var count = consumer.partitionsFor(Topics.CONTROL.name()).size();
    var partition = new TopicPartition(Topics.CONTROL.name(), partition(key, count));
    consumer.assign(List.of(partition));
    if (next < 0) {
      consumer.seekToEnd(List.of(partition));
      next = consumer.position(partition);
      LOG.info("listening for orders on {} from offset {}", partition, next);
    } else {
      consumer.seek(partition, next);
    }
    positioned.countDown();
    while (!pause.isEnded()) {
      for (var record : consumer.poll(POLL)) {
        if (Arrays.equals(key, record.key())) {
          obey(record);
        }
        next = record.offset() + 1;
      }
    }
  }

  private void obey(ConsumerRecord<byte[], byte[]> record) {
    try {
      switch (Records.decode(RunnerControl.class, RunnerControl::runner, record)) {
        case RunnerControl.Run(_, var job, var attempt, var deadline, var leaseUntil) -> {
          // The order's time is that of the Start.
          var started = Instant.ofEpochMilli(record.timestamp());
          attempts.run(
              new AttemptId(job, attempt),
              deadline,
              Duration.between(started, deadline),
              Duration.between(started, leaseUntil));
        }
        case RunnerControl.Stop(_, var job, var attempt, var reason) ->
            attempts.stop(new AttemptId(job, attempt), reason);
      }
    } catch (MalformedMessage e) {
      deadLetters.bury(record, e.getMessage());
    }
  }
}
