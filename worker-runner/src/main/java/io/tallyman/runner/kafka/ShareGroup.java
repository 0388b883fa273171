package io.tallyman.runner.kafka;

import io.tallyman.schemas.Topics;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.consumer.ShareConsumer;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The share group of all runners, through which each dispatch goes to one of them. */
final class ShareGroup {

  static final String NAME = "tally-runners";

  /** How long the broker holds an empty fetch. Short, see {@link DispatchIntake}. */
  static final Duration FETCH_WAIT = Duration.ofMillis(250);

  /**
   * After this many deliveries without being accepted the broker archives a record, and tells
   * nobody. The most that a broker allows with its own settings; its default is 5.
   */
  static final int DELIVERY_LIMIT = 10;

  private static final int ADMIN_TIMEOUT_MS = 10_000;

  /** Nothing is skipped that waited before the first runner came, nothing aborted is run. */
  private static final Map<String, String> SETTINGS =
      Map.of(
          "share.auto.offset.reset",
          "earliest",
          "share.isolation.level",
          "read_committed",
          "share.delivery.count.limit",
          Integer.toString(DELIVERY_LIMIT));

  private static final Logger LOG = LoggerFactory.getLogger(ShareGroup.class);

  private final String bootstrapServers;

  ShareGroup(String bootstrapServers) {
    this.bootstrapServers = bootstrapServers;
  }

  /**
   * Sets the group's configuration and waits until the broker shows it: it takes effect a little
   * later, and the start offset is fixed when the first member joins.
   */
  void configure(Pause pause) throws InterruptedException, ExecutionException {
    var group = new ConfigResource(ConfigResource.Type.GROUP, NAME);
    var changes =
        SETTINGS.entrySet().stream()
            .map(
                setting ->
                    new AlterConfigOp(
                        new ConfigEntry(setting.getKey(), setting.getValue()),
                        AlterConfigOp.OpType.SET))
            .toList();
    try (var admin =
        Admin.create(
            Map.<String, Object>of(
                AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG,
                bootstrapServers,
                AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG,
                ADMIN_TIMEOUT_MS,
                AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG,
                ADMIN_TIMEOUT_MS / 2))) {
      if (isConfigured(admin, group)) {
        return;
      }
      admin.incrementalAlterConfigs(Map.of(group, changes)).all().get();
      while (!isConfigured(admin, group)) {
        LOG.info("waiting for the broker to apply the settings of share group {}", NAME);
        pause.await();
        if (pause.isEnded()) {
          throw new InterruptedException("Told to stop while waiting for Kafka");
        }
      }
    }
  }

  private static boolean isConfigured(Admin admin, ConfigResource group)
      throws InterruptedException, ExecutionException {
    var shown =
        Objects.requireNonNull(admin.describeConfigs(List.of(group)).all().get().get(group));
    return SETTINGS.entrySet().stream()
        .allMatch(setting -> shows(shown, setting.getKey(), setting.getValue()));
  }

  private static boolean shows(Config shown, String name, String value) {
    var entry = shown.get(name);
    return entry != null
        && value.equals(entry.value())
        && entry.source() == ConfigEntry.ConfigSource.DYNAMIC_GROUP_CONFIG;
  }

  /**
   * A new member.
   *
   * @param batch how many records one poll brings at the most; no more are locked
   */
  ShareConsumer<byte[], byte[]> member(String clientId, Collection<String> topics, int batch) {
    var settings = new Properties();
    settings.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
    settings.put(ConsumerConfig.CLIENT_ID_CONFIG, clientId);
    settings.put(ConsumerConfig.GROUP_ID_CONFIG, NAME);
    settings.put(ConsumerConfig.SHARE_ACKNOWLEDGEMENT_MODE_CONFIG, "explicit");
    settings.put(ConsumerConfig.SHARE_ACQUIRE_MODE_CONFIG, "record_limit");
    settings.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, batch);
    settings.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, (int) FETCH_WAIT.toMillis());
    settings.put(ConsumerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, 1_000);
    settings.put(ConsumerConfig.FETCH_MAX_BYTES_CONFIG, 2 * Topics.MAX_RECORD_BYTES);
    var member =
        new KafkaShareConsumer<>(
            settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    member.setAcknowledgementCommitCallback(
        (offsets, failure) -> {
          if (failure != null) {
            // The record comes again, here or elsewhere; its Start will be answered with Stop.
            LOG.warn(
                "acknowledgement of {} dispatches failed: {}", offsets.size(), failure.toString());
          }
        });
    member.subscribe(topics);
    return member;
  }
}
