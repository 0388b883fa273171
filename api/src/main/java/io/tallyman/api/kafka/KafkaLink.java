package io.tallyman.api.kafka;

import io.tallyman.api.rocksdb.AttemptIndex;
import io.tallyman.api.rocksdb.OffsetIndex;
import io.tallyman.api.views.JobWatch;
import io.tallyman.api.views.RecentViews;
import io.tallyman.api.views.Runners;
import io.tallyman.runtime.CommonSettings;
import io.tallyman.runtime.Service.Health;
import io.tallyman.runtime.kafka.TopicSetup;
import io.tallyman.schemas.Topics;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.errors.InterruptException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads that connect this process with Kafka, for as long as it runs and whatever Kafka does:
 * one creates missing topics and opens the {@link CommandWriter}, then one follows the log, one the
 * news and one the webhook requests. Each begins again a second after a failure.
 */
public final class KafkaLink implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(KafkaLink.class);
  private static final Duration PAUSE = Duration.ofSeconds(1);

  /** How long the threads have to see that they should stop: some polls. */
  private static final Duration STOP_LIMIT = Duration.ofMillis(700);

  /** How long they have once interrupted, because Kafka does not answer them. */
  private static final Duration INTERRUPT_LIMIT = Duration.ofMillis(300);

  private final CountDownLatch topicsExist = new CountDownLatch(1);
  private final CountDownLatch stop = new CountDownLatch(1);
  private final EventTail events;
  private final NewsTail news;
  private final List<Thread> threads;
  private volatile String waitsFor = "waits for Kafka";

  /** Starts the threads, and returns at once. */
  public KafkaLink(
      CommonSettings settings,
      CommandWriter writer,
      OffsetIndex index,
      AttemptIndex attempts,
      RecentViews recent,
      JobWatch watch,
      Runners runners) {
    var bootstrap = settings.kafka();
    this.events = new EventTail(bootstrap, index, recent, watch);
    this.news = new NewsTail(bootstrap, watch, runners);
    var tail = new AttemptTail(bootstrap, attempts);
    // Threads of the platform: catching up with a long log is work without a pause, and would keep
    // a core's virtual threads, the requests, from running.
    this.threads =
        List.of(
            start(
                "api-topics",
                () -> {
                  TopicSetup.ensure(
                      bootstrap,
                      Topics.all(settings.endpoints().names()),
                      settings.minReplication(),
                      obstacle -> waitsFor = obstacle);
                  writer.open();
                  topicsExist.countDown();
                  stop.await();
                }),
            start("api-events", afterTopics(() -> events.follow(this::isStopping))),
            start("api-news", afterTopics(() -> news.follow(this::isStopping))),
            start("api-attempts", afterTopics(() -> tail.follow(this::isStopping))));
  }

  /** How well the log is followed. */
  public LogState state() {
    return events.state();
  }

  /** Up to which offset of a partition of the log it was followed. */
  public long indexed(int partition) {
    return events.indexed(partition);
  }

  /** Whether answers of the state-processor will be heard. */
  public boolean isListening() {
    return news.isListening();
  }

  /** How Kafka and the index are. */
  public List<Health> health() {
    return topicsExist.getCount() > 0
        ? List.of(Health.notReady("kafka", waitsFor))
        : events.state().health();
  }

  @Override
  public void close() {
    stop.countDown();
    try {
      join(STOP_LIMIT);
      threads.forEach(Thread::interrupt);
      join(INTERRUPT_LIMIT);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    threads.stream()
        .filter(Thread::isAlive)
        .forEach(thread -> LOG.debug("{} still waits for Kafka; going on", thread.getName()));
  }

  /** Waits for all threads together, so long at the most. */
  private void join(Duration limit) throws InterruptedException {
    var deadline = System.nanoTime() + limit.toNanos();
    for (var thread : threads) {
      thread.join(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())));
    }
  }

  private boolean isStopping() {
    return stop.getCount() == 0;
  }

  private Loop afterTopics(Loop loop) {
    return () -> {
      while (!topicsExist.await(PAUSE.toMillis(), TimeUnit.MILLISECONDS)) {
        if (isStopping()) {
          return;
        }
      }
      loop.run();
    };
  }

  private Thread start(String name, Loop loop) {
    return Thread.ofPlatform().daemon().name(name).start(() -> runAgainAndAgain(name, loop));
  }

  @SuppressWarnings("CatchingUnchecked") // The loop's edge: whatever it was, begin again.
  private void runAgainAndAgain(String name, Loop loop) {
    try {
      do {
        try {
          loop.run();
        } catch (InterruptException e) {
          return;
        } catch (RuntimeException e) {
          LOG.warn("{} failed and begins again in {} ms", name, PAUSE.toMillis(), e);
        }
      } while (!stop.await(PAUSE.toMillis(), TimeUnit.MILLISECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private interface Loop {
    void run() throws InterruptedException;
  }
}
