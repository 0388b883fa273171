package io.tallyman.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedServersIT {

  @TempDir Path folder;

  @Test
  void shouldKeepTopicsWhenKafkaIsStartedAgainOnOtherPorts() throws Exception {
    // given
    try (var kafka = EmbeddedKafka.start(folder);
        var admin = admin(kafka)) {
      admin.createTopics(Set.of(new NewTopic("kept", 1, (short) 1))).all().get();
    }

    // when
    try (var kafka = EmbeddedKafka.start(folder);
        var admin = admin(kafka)) {

      // then
      assertThat(admin.listTopics().names().get()).contains("kept");
    }
  }

  @Test
  void shouldAnswerWhenRedisIsStarted() throws Exception {
    try (var redis = EmbeddedRedis.start(folder)) {
      assertThat(redis.url()).startsWith("redis://127.0.0.1:");
      assertThat(redis.executablePath()).contains("redis");
    }
  }

  private static Admin admin(EmbeddedKafka kafka) {
    return Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()));
  }
}
