package io.tallyman.runtime.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobView;
import io.tallyman.schemas.json.MalformedMessage;
import io.tallyman.schemas.json.MessageCodec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.params.SetParams;
import redis.clients.jedis.util.JedisURIHelper;

/**
 * The mirror: one hash {@code job:{id}} per job with the fields {@code sequence}, {@code endpoint}
 * and {@code document} (RunPod's status document as JSON). A write is fenced by the sequence and
 * always carries an expiry, one hour after the event. The mirror holds nothing that the log does
 * not; losing it loses nothing.
 *
 * <p>Every method throws {@link redis.clients.jedis.exceptions.JedisException} when Redis does not
 * answer within {@link #TIMEOUT}. Thread-safe.
 */
public final class JobViews implements AutoCloseable {

  /** How long a view stays after its event. */
  public static final Duration TIME_TO_LIVE = Duration.ofHours(1);

  /** Longest wait for a connection, and for an answer. */
  public static final Duration TIMEOUT = Duration.ofSeconds(1);

  private static final byte[] SCRIPT = resource("/job-view.lua");
  private static final byte[] SEQUENCE = "sequence".getBytes(UTF_8);
  private static final byte[] ENDPOINT = "endpoint".getBytes(UTF_8);
  private static final byte[] DOCUMENT = "document".getBytes(UTF_8);

  private final RedisClient redis;

  /** Connects on first use. */
  public JobViews(String url) {
    var uri = URI.create(url);
    var timeout = (int) TIMEOUT.toMillis();
    this.redis =
        RedisClient.builder()
            .hostAndPort(JedisURIHelper.getHostAndPort(uri))
            .clientConfig(
                DefaultJedisClientConfig.builder(uri)
                    .connectionTimeoutMillis(timeout)
                    .socketTimeoutMillis(timeout)
                    .build())
            .build();
  }

  /** The Redis key of a job's view. */
  public static String key(JobId job) {
    return "job:" + job.value();
  }

  /** The newest view that Redis has of a job, if it has one. */
  public Optional<Entry> read(JobId job) {
    try {
      var fields = redis.hmget(key(job).getBytes(UTF_8), SEQUENCE, ENDPOINT, DOCUMENT);
      if (fields.contains(null)) {
        return Optional.empty();
      }
      return Optional.of(
          new Entry(
              Long.parseLong(new String(fields.get(0), UTF_8)),
              new EndpointName(new String(fields.get(1), UTF_8)),
              MessageCodec.decode(JobView.class, fields.get(2)),
              Instant.MAX));
    } catch (MalformedMessage | IllegalArgumentException | JedisDataException e) {
      // Somebody else wrote here. The log knows better.
      return Optional.empty();
    }
  }

  /** Writes views in one round trip, each fenced by its sequence; repeats are harmless. */
  public void write(List<Entry> entries) {
    try {
      write(entries, redis.scriptLoad(new String(SCRIPT, UTF_8)));
    } catch (JedisDataException e) {
      throw new IllegalStateException("Expected Redis to take the mirror's writes, but refused", e);
    }
  }

  private void write(List<Entry> entries, String script) {
    try (var pipeline = redis.pipelined()) {
      var sha = script.getBytes(UTF_8);
      var replies =
          entries.stream()
              .map(
                  entry ->
                      pipeline.evalsha(
                          sha,
                          List.of(key(entry.view().id()).getBytes(UTF_8)),
                          List.of(
                              Long.toString(entry.sequence()).getBytes(UTF_8),
                              entry.endpoint().value().getBytes(UTF_8),
                              MessageCodec.encode(entry.view()),
                              Long.toString(entry.expiresAt().toEpochMilli()).getBytes(UTF_8))))
              .toList();
      pipeline.sync();
      replies.forEach(reply -> Objects.requireNonNull(reply.get()));
    }
  }

  /**
   * Whether Redis still has a mark, and with it all that was written before the mark. Keeps it for
   * another {@link #TIME_TO_LIVE}.
   */
  public boolean isMarked(String name) {
    return redis.expire(name, TIME_TO_LIVE.toSeconds()) == 1;
  }

  /** Leaves a mark, for {@link #isMarked} to find unless Redis loses what it holds. */
  public void mark(String name) {
    redis.set(name, "whole", SetParams.setParams().ex(TIME_TO_LIVE.toSeconds()));
  }

  /** Asks Redis for a sign of life. */
  public void ping() {
    redis.ping();
  }

  @Override
  public void close() {
    redis.close();
  }

  private static byte[] resource(String name) {
    try (var in = JobViews.class.getResourceAsStream(name)) {
      return Objects.requireNonNull(in, name).readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to read the resource " + name, e);
    }
  }

  /**
   * A view with what fences and finds it.
   *
   * @param sequence of the event it shows; 0: accepted, no event yet
   * @param endpoint whose job it is
   * @param view the document
   * @param expiresAt when Redis forgets it; unknown ({@link Instant#MAX}) on what was read
   */
  public record Entry(long sequence, EndpointName endpoint, JobView view, Instant expiresAt) {

    /** The entry of an event. */
    public static Entry of(JobEvent event) {
      var meta = event.meta();
      return new Entry(
          meta.sequence(), meta.endpoint(), JobView.of(event), meta.time().plus(TIME_TO_LIVE));
    }
  }
}
