package io.tallyman.chaos.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tallyman.chaos.history.RedisSighting;
import io.tallyman.chaos.history.Ticker;
import io.tallyman.embedded.EmbeddedRedis;
import io.tallyman.embedded.FreePort;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.exceptions.JedisException;

class RedisLooksIT {

  @TempDir Path folder;

  private final List<RedisSighting> seen = new ArrayList<>();

  @Test
  void shouldTellWhatChangedAndInTheEndAll() {
    try (var redis = EmbeddedRedis.start(folder);
        var client = RedisClient.create(redis.url());
        var looks = looks(redis.url())) {
      // given
      client.hset("job:a", Map.of("sequence", "1", "endpoint", "default", "document", "{\"a\":1}"));
      client.pexpire("job:a", 3_600_000);
      client.set("mark", "whole");
      looks.look(false);
      assertThat(seen).hasSize(1);
      assertThat(seen.getFirst().key()).isEqualTo("job:a");
      assertThat(seen.getFirst().sequence()).isEqualTo(1);
      assertThat(seen.getFirst().view()).isEqualTo("{\"a\":1}");
      assertThat(seen.getFirst().ttlMillis()).isBetween(3_590_000L, 3_600_000L);

      // when: nothing changes, something does, the end
      looks.look(false);
      assertThat(seen).hasSize(1);
      client.hset("job:a", "sequence", "2");
      looks.look(false);
      assertThat(seen).hasSize(2);
      looks.look(true);

      // then
      assertThat(seen).hasSize(3);
      assertThat(seen.getLast().sequence()).isEqualTo(2);
      assertThat(seen.getLast().isLast()).isTrue();
    }
  }

  @Test
  void shouldTellEachTimeOfAKeyThatNeverExpiresAndOfNonsense() {
    try (var redis = EmbeddedRedis.start(folder);
        var client = RedisClient.create(redis.url());
        var looks = looks(redis.url())) {
      // given
      client.set("job:nonsense", "text");

      // when
      looks.look(false);
      looks.look(false);

      // then
      assertThat(seen).hasSize(2);
      assertThat(seen.getLast().ttlMillis()).isEqualTo(-1);
      assertThat(seen.getLast().sequence()).isEqualTo(-1);
      assertThat(seen.getLast().view()).contains("WRONGTYPE");
    }
  }

  @Test
  void shouldTellWhatCameBackAsItWas() {
    try (var redis = EmbeddedRedis.start(folder);
        var client = RedisClient.create(redis.url());
        var looks = looks(redis.url())) {
      // given
      var view = Map.of("sequence", "1", "document", "{}");
      client.hset("job:a", view);
      client.pexpire("job:a", 1_000_000);
      looks.look(false);

      // when
      client.flushAll();
      looks.look(false);
      client.hset("job:a", view);
      client.pexpire("job:a", 1_000_000);
      looks.look(false);

      // then
      assertThat(seen).hasSize(2);
    }
  }

  @Test
  void shouldSeeThousandsOfKeysInOneLook() {
    try (var redis = EmbeddedRedis.start(folder);
        var client = RedisClient.create(redis.url());
        var looks = looks(redis.url())) {
      // given
      try (var pipeline = client.pipelined()) {
        IntStream.range(0, 5_000)
            .forEach(i -> pipeline.hset("job:" + i, Map.of("sequence", "1", "document", "{}")));
      }

      // when
      looks.look(true);

      // then
      assertThat(seen.stream().map(RedisSighting::key).distinct()).hasSize(5_000);
    }
  }

  @Test
  void shouldSayThatRedisDoesNotAnswer() {
    try (var looks = looks("redis://127.0.0.1:" + FreePort.find())) {
      assertThatThrownBy(() -> looks.look(false)).isInstanceOf(JedisException.class);
    }
  }

  private RedisLooks looks(String url) {
    return new RedisLooks(url, new Ticker(Instant.EPOCH), seen::add);
  }
}
