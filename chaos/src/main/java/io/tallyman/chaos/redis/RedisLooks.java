package io.tallyman.chaos.redis;

import io.tallyman.chaos.history.RedisSighting;
import io.tallyman.chaos.history.Ticker;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.params.ScanParams;
import redis.clients.jedis.util.JedisURIHelper;

/**
 * Looks at all keys {@code job:*}. A look tells what changed since the look before, what came
 * (back) since then, and what was not told for {@link #TELL_AGAIN}: thousands of old keys that stay
 * as they are would fill the disk and say nothing. The last look tells all. Not thread-safe.
 */
public final class RedisLooks implements AutoCloseable {

  /** How long a key goes untold that does not change. */
  public static final Duration TELL_AGAIN = Duration.ofSeconds(4);

  /** The same for a key that has not changed for a minute. */
  public static final Duration TELL_OLD_AGAIN = Duration.ofMinutes(1);

  private static final int TIMEOUT_MILLIS = 2_000;
  private static final int BATCH = 1_000;
  private static final long LONGEST_TTL_MILLIS = TimeUnit.HOURS.toMillis(1);

  private final RedisClient redis;
  private final Ticker ticker;
  private final Consumer<RedisSighting> record;
  private final Map<String, Told> told = new HashMap<>();

  /** Connects on first use. */
  public RedisLooks(String url, Ticker ticker, Consumer<RedisSighting> record) {
    var uri = URI.create(url);
    this.ticker = ticker;
    this.record = record;
    this.redis =
        RedisClient.builder()
            .hostAndPort(JedisURIHelper.getHostAndPort(uri))
            .clientConfig(
                DefaultJedisClientConfig.builder(uri)
                    .connectionTimeoutMillis(TIMEOUT_MILLIS)
                    .socketTimeoutMillis(TIMEOUT_MILLIS)
                    .build())
            .build();
  }

  /**
   * One look.
   *
   * @param isLast whether it is the one after the run
   * @throws redis.clients.jedis.exceptions.JedisException when Redis does not answer; what was seen
   *     before that is told
   */
  public void look(boolean isLast) {
    var seen = new HashSet<String>();
    var cursor = ScanParams.SCAN_POINTER_START;
    do {
      var page = redis.scan(cursor, new ScanParams().match("job:*").count(BATCH));
      look(page.getResult(), isLast);
      seen.addAll(page.getResult());
      cursor = page.getCursor();
    } while (!cursor.equals(ScanParams.SCAN_POINTER_START));
    // What Redis lost and gets back is news, be it as it was.
    told.keySet().retainAll(seen);
  }

  /**
   * What was told of a key.
   *
   * @param changedAt when it was first told to be as it is
   */
  private record Told(RedisSighting last, long changedAt) {

    boolean isSame(RedisSighting now) {
      return now.sequence() == last.sequence() && now.view().equals(last.view());
    }

    boolean isOverdue(RedisSighting now) {
      var isOld = now.at() - changedAt > micros(TELL_OLD_AGAIN);
      return now.at() - last.at() > micros(isOld ? TELL_OLD_AGAIN : TELL_AGAIN);
    }
  }

  private void look(List<String> keys, boolean isLast) {
    var replies = new ArrayList<Runnable>();
    try (var pipeline = redis.pipelined()) {
      for (var key : keys) {
        var fields = pipeline.hmget(key, "sequence", "document");
        var ttl = pipeline.pttl(key);
        replies.add(() -> tell(key, viewOf(fields), ttl.get(), isLast));
      }
      pipeline.sync();
    }
    replies.forEach(Runnable::run);
  }

  private void tell(String key, View view, long ttl, boolean isLast) {
    if (ttl == -2) {
      // Gone between the two answers.
      return;
    }
    var sighting =
        new RedisSighting(ticker.nowMicros(), key, view.sequence(), view.document(), ttl, isLast);
    var before = told.get(key);
    var isSame = before != null && before.isSame(sighting);
    if (isLast || before == null || !isSame || before.isOverdue(sighting) || isWrong(ttl)) {
      told.put(
          key, new Told(sighting, before != null && isSame ? before.changedAt() : sighting.at()));
      record.accept(sighting);
    }
  }

  private static boolean isWrong(long ttl) {
    return ttl <= 0 || ttl > LONGEST_TTL_MILLIS;
  }

  private static long micros(Duration duration) {
    return TimeUnit.MILLISECONDS.toMicros(duration.toMillis());
  }

  private record View(long sequence, String document) {}

  /** What is there, and be it nonsense: the judge is to see it. */
  private static View viewOf(Supplier<List<String>> reply) {
    try {
      var fields = reply.get();
      var sequence = Objects.requireNonNullElse(fields.get(0), "-1");
      return new View(
          sequence.matches("\\d{1,18}") ? Long.parseLong(sequence) : -1,
          Objects.requireNonNullElse(fields.get(1), ""));
    } catch (JedisDataException e) {
      return new View(-1, e.toString());
    }
  }

  @Override
  public void close() {
    redis.close();
  }
}
