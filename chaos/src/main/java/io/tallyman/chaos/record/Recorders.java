package io.tallyman.chaos.record;

import io.tallyman.chaos.cluster.Site;
import io.tallyman.chaos.docker.ContainerWatch;
import io.tallyman.chaos.history.ServiceSighting;
import io.tallyman.chaos.http.ReadinessLook;
import io.tallyman.chaos.kafka.LogDump;
import io.tallyman.chaos.process.Proc;
import io.tallyman.chaos.process.Proc.Usage;
import io.tallyman.chaos.process.ProcessLooks;
import io.tallyman.chaos.redis.RedisLooks;
import java.net.URI;
import java.time.Duration;
import java.util.List;

/**
 * Everything that watches a run: Redis and services each second, containers by the engine's events
 * and each second, or processes of jobs each 200 ms. What cannot be seen for a while is not in the
 * history for that while; nothing here fails because of it until {@link #finish()}.
 */
public final class Recorders implements AutoCloseable {

  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final Duration PROCESS_PAUSE = Duration.ofMillis(200);
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  /** The first call after Redis went and came meets a dead connection. */
  private static final int LAST_LOOKS = 3;

  private final Site site;
  private final Watched watched;
  private final Rounds rounds = new Rounds();
  private final ReadinessLook readiness = new ReadinessLook();
  private final RedisLooks redis;
  private final Jobs jobs;

  /** Where jobs run. */
  private interface Jobs extends AutoCloseable {
    void begin(Rounds rounds);

    /** Ends looks that last. */
    void stop();

    List<String> left();

    @Override
    void close();
  }

  /** Connects on first use. */
  public Recorders(Site site, Watched watched) {
    this.site = site;
    this.watched = watched;
    this.redis = new RedisLooks(site.redis(), site.ticker(), site.history()::write);
    this.jobs = watched.dockerHost().map(this::containers).orElseGet(this::processes);
  }

  /** Begins to look. */
  public void start() {
    rounds.begin("redis", SECOND, () -> redis.look(false));
    watched.services().forEach((name, url) -> rounds.begin(name, SECOND, () -> look(name, url)));
    jobs.begin(rounds);
  }

  /**
   * Ends a run, with Kafka and Redis up: stops looking, takes the last look at Redis, dumps the
   * log.
   *
   * @return how many records the log has
   * @throws RuntimeException when Redis or Kafka does not answer: such a run cannot be judged
   */
  public long finish() {
    stop();
    for (int look = 1; ; look++) {
      try {
        redis.look(true);
        break;
      } catch (RuntimeException e) {
        if (look == LAST_LOOKS) {
          throw e;
        }
      }
    }
    return LogDump.read(site.kafka(), site.history()::write);
  }

  /** Names of containers or processes of jobs that are there now. */
  public List<String> left() {
    return jobs.left();
  }

  @Override
  public void close() {
    stop();
    jobs.close();
    redis.close();
    readiness.close();
  }

  private void stop() {
    rounds.stop();
    jobs.stop();
    rounds.join(PATIENCE);
  }

  private void look(String name, URI url) throws InterruptedException {
    var pid = watched.pidOf().apply(name);
    var answer = readiness.ask(url);
    var usage =
        pid.isPresent() ? Proc.usage(pid.getAsLong()).orElse(new Usage(0, 0)) : new Usage(0, 0);
    site.history()
        .write(
            new ServiceSighting(
                site.ticker().nowMicros(),
                name,
                answer.status(),
                answer.body(),
                usage.threads(),
                usage.residentBytes()));
  }

  private Jobs containers(String host) {
    var watch =
        new ContainerWatch(host, site.ticker(), watched.runners()::contains, site.history()::write);
    return new Jobs() {
      @Override
      public void begin(Rounds rounds) {
        rounds.begin("container-events", SECOND, watch::follow);
        rounds.begin("containers", SECOND, watch::look);
      }

      @Override
      public List<String> left() {
        return watch.left();
      }

      @Override
      public void stop() {
        watch.stop();
      }

      @Override
      public void close() {
        watch.close();
      }
    };
  }

  private Jobs processes() {
    var looks =
        new ProcessLooks(
            watched.jobFolders(), watched::runnerWith, site.ticker(), site.history()::write);
    return new Jobs() {
      @Override
      public void begin(Rounds rounds) {
        rounds.begin("processes", PROCESS_PAUSE, looks::look);
      }

      @Override
      public List<String> left() {
        return looks.left();
      }

      @Override
      public void stop() {
        // No look lasts.
      }

      @Override
      public void close() {
        // Nothing is held.
      }
    };
  }
}
