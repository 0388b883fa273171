package io.tallyman.runtime.kafka;

import io.tallyman.schemas.Topics;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Producers and consumers with the settings that our promises rest on. */
public final class KafkaSettings {

  /**
   * The partitions of a killed member of a group go to another one after this long, in ms, unless
   * it is back before.
   */
  public static final int SESSION_TIMEOUT_MS = 10_000;

  /** Room for a few records of {@link Topics#MAX_RECORD_BYTES} that wait to be sent. */
  private static final long BUFFER_BYTES = 4L * Topics.MAX_RECORD_BYTES;

  private static final int ADMIN_TIMEOUT_MS = 5_000;

  private KafkaSettings() {}

  /**
   * A producer whose acknowledgement means durable: every in-sync replica has the record, and a
   * retry never writes it twice.
   *
   * @param clientId how the broker's logs and quotas name it
   * @param deliveryTimeoutMs how long a record may wait for its acknowledgement before its future
   *     fails
   */
  public static Producer<String, byte[]> producer(
      String bootstrapServers, String clientId, int deliveryTimeoutMs) {
    return producer(bootstrapServers, clientId, deliveryTimeoutMs, 0);
  }

  /**
   * The same for records that nobody waits for.
   *
   * @param lingerMs how long one may wait for others, so that they go together
   */
  public static Producer<String, byte[]> producer(
      String bootstrapServers, String clientId, int deliveryTimeoutMs, int lingerMs) {
    var settings = new Properties();
    settings.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
    settings.put(ProducerConfig.CLIENT_ID_CONFIG, clientId);
    settings.put(ProducerConfig.ACKS_CONFIG, "all");
    settings.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
    settings.put(ProducerConfig.LINGER_MS_CONFIG, lingerMs);
    settings.put(ProducerConfig.COMPRESSION_TYPE_CONFIG, "lz4");
    settings.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, Topics.MAX_RECORD_BYTES);
    settings.put(ProducerConfig.BUFFER_MEMORY_CONFIG, BUFFER_BYTES);
    settings.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, deliveryTimeoutMs);
    settings.put(
        ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG,
        // Kafka wants the two waits to fit into the whole.
        Math.min(30_000, Math.max(1, deliveryTimeoutMs - lingerMs)));
    settings.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, Math.min(60_000, deliveryTimeoutMs));
    settings.put(ProducerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, 1_000);
    return new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer());
  }

  /**
   * An admin client for a question that somebody waits for.
   *
   * @param clientId how the broker's logs name it
   */
  public static Admin admin(String bootstrapServers, String clientId) {
    return Admin.create(
        Map.of(
            AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG,
            bootstrapServers,
            AdminClientConfig.CLIENT_ID_CONFIG,
            clientId,
            AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG,
            ADMIN_TIMEOUT_MS,
            AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG,
            ADMIN_TIMEOUT_MS));
  }

  /**
   * A consumer of committed records alone. It commits nothing by itself.
   *
   * @param overrides further settings, by Kafka's names; {@code group.id} among them if it has one
   */
  public static Consumer<byte[], byte[]> consumer(
      String bootstrapServers, String clientId, Map<String, Object> overrides) {
    var settings = new Properties();
    settings.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
    settings.put(ConsumerConfig.CLIENT_ID_CONFIG, clientId);
    settings.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    settings.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
    settings.put(ConsumerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, 1_000);
    settings.putAll(overrides);
    return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }
}
