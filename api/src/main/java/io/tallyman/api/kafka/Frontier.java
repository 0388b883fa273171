package io.tallyman.api.kafka;

import io.tallyman.runtime.kafka.KafkaSettings;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.Topics.Topic;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.IntToLongFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Tells whether every job that was accepted until now has its first event in the index. Only then
 * is a job that the index lacks one that does not exist, whatever Redis has lost: its command may
 * wait for the state-processor, and its event for us. Asked before a 404 alone, a few milliseconds
 * each; who asks meanwhile shares the next answer. Thread-safe; its lock guards all fields.
 */
public final class Frontier implements AutoCloseable {

  private static final Duration PAUSE = Duration.ofMillis(20);

  private final String bootstrapServers;
  private final IntToLongFunction indexed;
  private final ReentrantLock lock = new ReentrantLock();
  private @Nullable Admin admin;
  private final CountDownLatch closing = new CountDownLatch(1);

  /** When the newest look began that found all decided; a moment of {@link System#nanoTime}. */
  private Optional<Long> reachedAt = Optional.empty();

  /**
   * Connects when first asked.
   *
   * @param indexed per partition of {@code job-events}: up to which offset the index has it
   */
  public Frontier(String bootstrapServers, IntToLongFunction indexed) {
    this.bootstrapServers = bootstrapServers;
    this.indexed = indexed;
  }

  /**
   * Waits until all that was accepted before this call is in the index.
   *
   * @return false when that is not so after this time, or cannot be told
   */
  public boolean await(Duration patience) {
    var asked = System.nanoTime();
    var deadline = asked + patience.toNanos();
    try {
      if (!lock.tryLock(patience.toNanos(), TimeUnit.NANOSECONDS)) {
        return false;
      }
      try {
        if (reachedAt.filter(at -> at - asked >= 0).isPresent()) {
          return true;
        }
        var begin = System.nanoTime();
        var isReached = look(deadline);
        if (isReached) {
          reachedAt = Optional.of(begin);
        }
        return isReached;
      } finally {
        lock.unlock();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } catch (ExecutionException | TimeoutException | KafkaException e) {
      return false;
    }
  }

  private boolean look(long deadline)
      throws InterruptedException, ExecutionException, TimeoutException {
    // In this order: what is decided by then has its event below the second end.
    var commands = ends(Topics.COMMANDS, deadline);
    return awaitAll(commands, deadline, () -> decided(deadline))
        && awaitAll(
            ends(Topics.EVENTS, deadline),
            deadline,
            () -> partition -> indexed.applyAsLong(partition.partition()));
  }

  private boolean awaitAll(Map<TopicPartition, Long> goals, long deadline, Progress progress)
      throws InterruptedException, ExecutionException, TimeoutException {
    while (true) {
      var reached = progress.now();
      if (goals.entrySet().stream()
          .allMatch(goal -> reached.apply(goal.getKey()) >= goal.getValue())) {
        return true;
      }
      if (deadline - System.nanoTime() < PAUSE.toNanos()) {
        return false;
      }
      if (closing.await(PAUSE.toNanos(), TimeUnit.NANOSECONDS)) {
        return false;
      }
    }
  }

  /** Up to where the state-processor has decided: its commits are one with its events. */
  private Function<TopicPartition, Long> decided(long deadline)
      throws InterruptedException, ExecutionException, TimeoutException {
    var commits =
        get(
            admin().listConsumerGroupOffsets(Topics.COMMANDS_GROUP).partitionsToOffsetAndMetadata(),
            deadline);
    return partition ->
        Optional.ofNullable(commits.get(partition)).map(OffsetAndMetadata::offset).orElse(0L);
  }

  /**
   * Open transactions included: an event may be written, and its commit not yet have reached us.
   */
  private Map<TopicPartition, Long> ends(Topic topic, long deadline)
      throws InterruptedException, ExecutionException, TimeoutException {
    var description = get(admin().describeTopics(List.of(topic.name())).allTopicNames(), deadline);
    var asked =
        IntStream.range(
                0,
                Optional.ofNullable(description.get(topic.name()))
                    .map(it -> it.partitions().size())
                    .orElse(0))
            .mapToObj(number -> new TopicPartition(topic.name(), number))
            .collect(Collectors.toMap(Function.identity(), _ -> OffsetSpec.latest()));
    return get(admin().listOffsets(asked).all(), deadline).entrySet().stream()
        .collect(Collectors.toMap(Map.Entry::getKey, end -> end.getValue().offset()));
  }

  private static <T> T get(KafkaFuture<T> future, long deadline)
      throws InterruptedException, ExecutionException, TimeoutException {
    return future.get(Math.max(1, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
  }

  private Admin admin() {
    if (closing.getCount() == 0) {
      throw new KafkaException("Expected to ask Kafka, but this service stops");
    }
    var open = admin;
    if (open == null) {
      open = KafkaSettings.admin(bootstrapServers, "api-frontier");
      admin = open;
    }
    return open;
  }

  @Override
  public void close() {
    closing.countDown();
    lock.lock();
    try {
      if (admin != null) {
        admin.close(Duration.ZERO);
      }
    } finally {
      lock.unlock();
    }
  }

  private interface Progress {
    Function<TopicPartition, Long> now()
        throws InterruptedException, ExecutionException, TimeoutException;
  }
}
