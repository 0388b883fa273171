package io.tallyman.processor.topology;

import io.tallyman.runtime.Service.Health;
import io.tallyman.runtime.kafka.KafkaSettings;
import io.tallyman.runtime.kafka.TopicSetup;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.job.EndpointName;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Properties;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The running Kafka Streams application. It waits for Kafka, and then for ever serves it. */
public final class JobStreams implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(JobStreams.class);

  /** Name of the application: its consumer group, its transactions, its changelogs. */
  public static final String APPLICATION = Topics.COMMANDS_GROUP;

  /** A killed process's open transaction holds readers back for this long at the most. */
  private static final int TRANSACTION_TIMEOUT_MS = 10_000;

  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(3);

  private final KafkaStreams streams;
  private final RunMark mark;
  private final Thread starter;
  private volatile String waitsFor = "waits for Kafka";

  /**
   * Starts it, in the background.
   *
   * @param replicas that each topic must have at least
   * @param instance {@code group.instance.id}: without one, every restart waits 46 s for the group
   * @param folder of the state stores
   */
  public JobStreams(
      Topology topology,
      Set<EndpointName> endpoints,
      String kafka,
      int replicas,
      String instance,
      Duration commitInterval,
      Path folder) {
    this.streams =
        new KafkaStreams(
            topology, settings(kafka, replicas, instance, commitInterval.toMillis(), folder));
    streams.setUncaughtExceptionHandler(
        e -> {
          LOG.error("a stream thread failed; another takes its place", e);
          return StreamThreadExceptionResponse.REPLACE_THREAD;
        });
    this.mark = new RunMark(folder);
    if (mark.isSet()) {
      LOG.info("the last run did not end in order: state is restored from Kafka");
      streams.cleanUp();
    }
    mark.set();
    streams.setStateListener((is, was) -> LOG.info("streams: {} -> {}", was, is));
    this.starter =
        Thread.ofVirtual()
            .name("streams-starter")
            .start(
                () -> {
                  try {
                    TopicSetup.ensure(
                        kafka, Topics.all(endpoints), replicas, obstacle -> waitsFor = obstacle);
                    streams.start();
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                });
  }

  /** Whether commands are decided now. */
  public Health health() {
    var state = streams.state();
    return switch (state) {
      case RUNNING -> Health.ready("streams", "decides commands");
      case CREATED -> Health.notReady("streams", waitsFor);
      case REBALANCING ->
          Health.notReady("streams", "takes over partitions or restores state; soon ready");
      default -> Health.notReady("streams", "is " + state);
    };
  }

  @Override
  public void close() {
    starter.interrupt();
    var isClosed =
        streams.close(
            CloseOptions.timeout(CLOSE_LIMIT)
                .withGroupMembershipOperation(CloseOptions.GroupMembershipOperation.LEAVE_GROUP));
    if (isClosed) {
      mark.remove();
    }
  }

  private static Properties settings(
      String kafka, int replicas, String instance, long commitIntervalMs, Path folder) {
    var settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, APPLICATION);
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, kafka);
    if (replicas > 1) {
      // Of the changelogs; the broker's default otherwise.
      settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, replicas);
    }
    settings.put(StreamsConfig.STATE_DIR_CONFIG, folder.toString());
    settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, commitIntervalMs);
    // An idle poll would otherwise hold a commit back for 100 ms.
    settings.put(StreamsConfig.POLL_MS_CONFIG, commitIntervalMs);
    settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
    settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0);
    // Where there is a second instance, it follows the stores and takes over without a restore.
    settings.put(StreamsConfig.NUM_STANDBY_REPLICAS_CONFIG, 1);
    settings.put(
        StreamsConfig.consumerPrefix(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG),
        KafkaSettings.SESSION_TIMEOUT_MS);
    settings.put(
        StreamsConfig.consumerPrefix(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG),
        KafkaSettings.SESSION_TIMEOUT_MS / 5);
    settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG), instance);
    settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
    settings.put(
        StreamsConfig.producerPrefix(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG),
        TRANSACTION_TIMEOUT_MS);
    settings.put(
        StreamsConfig.producerPrefix(ProducerConfig.MAX_REQUEST_SIZE_CONFIG),
        Topics.MAX_RECORD_BYTES);
    settings.put(StreamsConfig.producerPrefix(ProducerConfig.COMPRESSION_TYPE_CONFIG), "lz4");
    settings.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), 0);
    return settings;
  }
}
