package io.tallyman.cli.redis;

import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.util.JedisURIHelper;

/** Looks into Redis with plain commands: {@code HGET} and {@code PTTL}. */
public final class RedisLook implements AutoCloseable {

  private final RedisClient redis;

  public RedisLook(String url) {
    var uri = URI.create(url);
    this.redis =
        RedisClient.builder()
            .hostAndPort(JedisURIHelper.getHostAndPort(uri))
            .clientConfig(DefaultJedisClientConfig.builder(uri).build())
            .build();
  }

  /** The document under {@code job:{id}} and how long it stays. */
  public Optional<Found> job(String id) {
    var key = "job:" + id;
    return Optional.ofNullable(redis.hget(key, "document"))
        .map(document -> new Found(document, Duration.ofMillis(redis.pttl(key))));
  }

  @Override
  public void close() {
    redis.close();
  }

  /** A document and its remaining time. */
  public record Found(String document, Duration timeToLive) {}
}
