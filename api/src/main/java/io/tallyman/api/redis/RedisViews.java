package io.tallyman.api.redis;

import io.tallyman.api.views.Throttle;
import io.tallyman.runtime.Service.Health;
import io.tallyman.runtime.redis.JobViews;
import io.tallyman.runtime.redis.JobViews.Entry;
import io.tallyman.schemas.job.JobId;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.exceptions.JedisException;

/**
 * Reads views from the mirror and seeds those of accepted jobs. After a failure Redis is left alone
 * for {@link #REST}, so that requests stay fast while it is down: the log answers instead. Seeds
 * that come together are written together, in one round trip. Thread-safe.
 */
public final class RedisViews implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(RedisViews.class);

  /** How long Redis is not asked again after it failed. */
  private static final Duration REST = Duration.ofSeconds(1);

  /** Requests in Redis at once; the size of Jedis' pool, whose own queue has no time limit. */
  private static final int CONNECTIONS = 8;

  /** Seeds in one round trip; some 50 kB. */
  private static final int SEEDS_PER_TRIP = 200;

  /** Seeds that wait; beyond it an accepted job is known to this process alone, until its event. */
  private static final int MAX_SEEDS = 10_000;

  private static final Duration WARN_INTERVAL = Duration.ofMinutes(1);

  private final JobViews views;
  private final Semaphore connections = new Semaphore(CONNECTIONS);
  private final ArrayBlockingQueue<Seed> seeds = new ArrayBlockingQueue<>(MAX_SEEDS);
  private final Throttle warning;
  private final Thread seeder;
  private volatile long restsUntil = System.nanoTime();
  private volatile boolean isAnswering;
  private volatile boolean isStopping;

  /** Takes over the connection, and closes it in the end. */
  public RedisViews(JobViews views, InstantSource clock) {
    this.views = views;
    this.warning = new Throttle(clock, WARN_INTERVAL);
    this.seeder = Thread.ofVirtual().name("api-redis-seeds").start(this::seedAll);
  }

  /** The newest view that Redis has, or that it does not answer now. */
  public Answer read(JobId job) {
    if (isResting() || !acquire()) {
      return new Answer.Silent();
    }
    try {
      // Whoever waited for a connection meanwhile may have learnt that there is no use.
      if (isResting()) {
        return new Answer.Silent();
      }
      return views.read(job).<Answer>map(Answer.Found::new).orElseGet(Answer.Absent::new);
    } catch (JedisException e) {
      failed(e);
      return new Answer.Silent();
    } finally {
      connections.release();
    }
  }

  /**
   * Writes the view of an accepted job and waits until Redis has it, or until it is clear that it
   * will not have it; that is harmless here, the log has the job.
   */
  public void seed(Entry entry) {
    var seed = new Seed(entry, new CountDownLatch(1));
    if (isResting() || isStopping || !seeds.offer(seed)) {
      return;
    }
    try {
      if (!seed.done.await(JobViews.TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
        LOG.debug("job {}: Redis takes long to be seeded; not waiting", entry.view().id());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Always ready: the log answers when Redis does not, and the detail says so. */
  public Health health() {
    return Health.ready(
        "redis",
        isAnswering
            ? "answers"
            : "does not answer; status is read from the log until it does, asked again each"
                + " second");
  }

  @Override
  public void close() {
    isStopping = true;
    seeder.interrupt();
    views.close();
  }

  private void seedAll() {
    var batch = new ArrayList<Seed>();
    while (!isStopping) {
      try {
        var first = Optional.ofNullable(seeds.poll(REST.toMillis(), TimeUnit.MILLISECONDS));
        first.ifPresent(batch::add);
        seeds.drainTo(batch, SEEDS_PER_TRIP - 1);
        write(batch.stream().map(Seed::entry).toList());
      } catch (JedisException | IllegalStateException e) {
        failed(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      } finally {
        batch.forEach(seed -> seed.done.countDown());
        batch.clear();
      }
    }
  }

  private void write(List<Entry> entries) {
    if (entries.isEmpty()) {
      // Nothing to do for a while: see whether it lives.
      views.ping();
    } else if (isResting()) {
      return;
    } else {
      views.write(entries);
    }
    if (!isAnswering) {
      isAnswering = true;
      LOG.info("Redis answers");
    }
  }

  private boolean isResting() {
    return restsUntil - System.nanoTime() > 0;
  }

  private boolean acquire() {
    try {
      return connections.tryAcquire(JobViews.TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private void failed(RuntimeException e) {
    restsUntil = System.nanoTime() + REST.toNanos();
    isAnswering = false;
    if (!isStopping && warning.isDue()) {
      LOG.warn(
          "Redis does not answer ({}); status is read from the log, and Redis asked again each"
              + " second",
          e.getMessage());
    }
  }

  /** What Redis said about a job. */
  public sealed interface Answer {

    /** It has a view. */
    record Found(Entry entry) implements Answer {}

    /** It has none. */
    record Absent() implements Answer {}

    /** It does not answer, or did not a moment ago. */
    record Silent() implements Answer {}
  }

  private record Seed(Entry entry, CountDownLatch done) {}
}
