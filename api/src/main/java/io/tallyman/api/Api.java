package io.tallyman.api;

import io.tallyman.api.http.ApiKeys;
import io.tallyman.api.http.ApiServer;
import io.tallyman.api.http.ApiServer.Listen;
import io.tallyman.api.jobs.Cancellations;
import io.tallyman.api.jobs.JobIds;
import io.tallyman.api.jobs.JobReads;
import io.tallyman.api.jobs.Jobs;
import io.tallyman.api.jobs.Submissions;
import io.tallyman.api.jobs.Webhooks;
import io.tallyman.api.kafka.CommandWriter;
import io.tallyman.api.kafka.EventLog;
import io.tallyman.api.kafka.Frontier;
import io.tallyman.api.kafka.KafkaLink;
import io.tallyman.api.redis.RedisViews;
import io.tallyman.api.rocksdb.AttemptIndex;
import io.tallyman.api.rocksdb.OffsetIndex;
import io.tallyman.api.views.JobWatch;
import io.tallyman.api.views.RecentViews;
import io.tallyman.api.views.Runners;
import io.tallyman.runtime.Service;
import io.tallyman.runtime.SteadyClock;
import io.tallyman.runtime.kafka.WebhookDeadLetters;
import io.tallyman.runtime.redis.JobViews;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The HTTP API as a service. It keeps an index of the log under {@code <dataDir>/api-index} and one
 * of webhook requests under {@code <dataDir>/api-attempts}, which it can rebuild; each api needs a
 * folder of its own.
 */
public final class Api implements Service {

  private static final Logger LOG = LoggerFactory.getLogger(Api.class);

  private final ApiServer server;
  private final KafkaLink link;
  private final RedisViews redis;
  private final Deque<Runnable> closers;

  private Api(ApiServer server, KafkaLink link, RedisViews redis, Deque<Runnable> closers) {
    this.server = server;
    this.link = link;
    this.redis = redis;
    this.closers = closers;
  }

  /**
   * Starts it; returns when it listens, whether or not Kafka and Redis answer.
   *
   * @throws IllegalArgumentException when the API keys cannot be read
   * @throws IllegalStateException when the index is in use by another process
   * @throws io.javalin.util.JavalinException when the port is taken
   */
  public static Api start(ApiSettings settings) {
    var clock = SteadyClock.beginningAt(Instant.now());
    var keys = settings.apiKeyFile().map(ApiKeys::read).orElseGet(ApiKeys::none);
    if (!keys.areRequired()) {
      LOG.warn(
          "{} is unset: whoever reaches {}:{} may submit jobs",
          ApiSettings.API_KEY_FILE,
          settings.host(),
          settings.port());
    }
    var common = settings.common();
    var closers = new ArrayDeque<Runnable>();
    try {
      var index = OffsetIndex.open(common.dataDir().resolve("api-index"));
      closers.push(index::close);
      var attempts = AttemptIndex.open(common.dataDir().resolve("api-attempts"));
      closers.push(attempts::close);
      var redis = new RedisViews(new JobViews(common.redis()), clock);
      closers.push(redis::close);
      var log = new EventLog(common.kafka());
      closers.push(log::close);
      var writer = new CommandWriter(common.kafka(), clock);
      closers.push(writer::close);
      var watch = new JobWatch();
      var recent = new RecentViews(clock);
      var runners = new Runners(clock);
      var link = new KafkaLink(common, writer, index, attempts, recent, watch, runners);
      closers.push(link::close);
      var frontier = new Frontier(common.kafka(), link::indexed);
      closers.push(frontier::close);
      var ids = new JobIds(clock, new SecureRandom());
      var reads = new JobReads(redis, recent, index, log, watch, link.state(), frontier);
      var jobs =
          new Jobs(
              common.endpoints(),
              common.addresses(),
              ids,
              new Submissions(
                  writer, link, reads, watch, new Submissions.Known(redis, recent, clock), ids),
              reads,
              new Cancellations(writer, reads, watch, ids),
              new Webhooks(
                  reads,
                  attempts,
                  log,
                  new WebhookDeadLetters(common.kafka(), "api-dead-letters"),
                  writer,
                  clock),
              new Jobs.Healths(index, runners));
      var server =
          new ApiServer(
              new Listen(settings.host(), settings.port(), settings.idleTimeout()),
              keys,
              jobs,
              () -> health(link, redis));
      closers.push(server::close);
      // First of all: requests that wait are answered, so that the server can stop.
      closers.push(watch::close);
      LOG.info("the api listens on {}:{}", settings.host(), server.port());
      return new Api(server, link, redis, closers);
    } catch (RuntimeException e) {
      closers.forEach(Runnable::run);
      throw e;
    }
  }

  /** The port it listens on. */
  public int port() {
    return server.port();
  }

  @Override
  public List<Health> health() {
    return health(link, redis);
  }

  @Override
  public void close() {
    closers.forEach(Runnable::run);
    closers.clear();
  }

  private static List<Health> health(KafkaLink link, RedisViews redis) {
    var all = new ArrayList<>(link.health());
    all.add(redis.health());
    return List.copyOf(all);
  }
}
