package io.tallyman.runtime.kafka;

import io.tallyman.schemas.Topics.Topic;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Creates the topics that are missing, with the configuration of the table, and refuses those whose
 * configuration would lose what is promised: a compacted log, a log that ends after a week.
 */
public final class TopicSetup {

  private static final Logger LOG = LoggerFactory.getLogger(TopicSetup.class);
  private static final Duration CLOSE_LIMIT = Duration.ofMillis(500);
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** Between two looks at what an operator has to put right. */
  private static final Duration LOOK_AGAIN = Duration.ofSeconds(2);

  private static final String FOR_EVER = "-1";

  /** From this version on, a zombie's late write cannot get into its successor's transaction. */
  private static final String TRANSACTIONS = "transaction.version";

  private static final short LEAST_TRANSACTIONS = 2;

  private final Admin admin;
  private final String bootstrapServers;
  private final Collection<Topic> topics;
  private final Durability durability;

  private TopicSetup(
      Admin admin, String bootstrapServers, Collection<Topic> topics, Durability durability) {
    this.admin = admin;
    this.bootstrapServers = bootstrapServers;
    this.topics = topics;
    this.durability = durability;
  }

  /** The same with one replica, telling nobody but the log what it waits for. */
  public static void ensure(String bootstrapServers, Collection<Topic> topics)
      throws InterruptedException {
    ensure(bootstrapServers, topics, 1, _ -> {});
  }

  /**
   * Waits for Kafka, and for topics that can be trusted, as long as it takes; creates what is
   * missing. A topic that exists is left as it is.
   *
   * @param replicas that each topic must have at least, and has when it is created; 1: the broker's
   *     default
   * @param obstacle told what it waits for, in one sentence that says what to do
   * @throws InterruptedException when the caller is told to stop waiting
   */
  public static void ensure(
      String bootstrapServers, Collection<Topic> topics, int replicas, Consumer<String> obstacle)
      throws InterruptedException {
    var settings =
        Map.<String, Object>of(
            AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG,
            bootstrapServers,
            AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG,
            (int) PATIENCE.toMillis(),
            AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG,
            5_000,
            AdminClientConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG,
            1_000);
    var admin = Admin.create(settings);
    try {
      var setup = new TopicSetup(admin, bootstrapServers, topics, new Durability(replicas));
      for (var found = setup.obstacle(); found.isPresent(); found = setup.obstacle()) {
        LOG.warn("{}; still trying", found.get());
        obstacle.accept(found.get());
        LockSupport.parkNanos(LOOK_AGAIN.toNanos());
        if (Thread.interrupted()) {
          throw new InterruptedException("Told to stop while waiting for Kafka");
        }
      }
    } finally {
      // Told to stop, it must not wait for answers that do not come.
      admin.close(CLOSE_LIMIT);
    }
  }

  /** What may be wrong with a Kafka that answers. */
  private interface Look {
    Optional<String> obstacle() throws InterruptedException, ExecutionException;
  }

  /** Why the topics cannot be used yet; empty when they can. */
  private Optional<String> obstacle() throws InterruptedException {
    try {
      create();
      for (var look :
          List.<Look>of(this::misconfigured, this::underReplicated, this::oldTransactions)) {
        var found = look.obstacle();
        if (found.isPresent()) {
          return found;
        }
      }
      return Optional.empty();
    } catch (ExecutionException e) {
      var cause = String.valueOf(e.getCause() == null ? e : e.getCause());
      return Optional.of(
          e.getCause() instanceof RetriableException
              ? "Kafka does not answer: " + cause
              : "Kafka refused to create or show the topics: " + cause);
    }
  }

  private void create() throws InterruptedException, ExecutionException {
    var existing = admin.listTopics().names().get();
    var missing =
        topics.stream()
            .filter(topic -> !existing.contains(topic.name()))
            .map(
                topic ->
                    new NewTopic(
                            topic.name(),
                            Optional.of(topic.partitions()),
                            durability.replicasOfNew())
                        .configs(configuration(topic)))
            .toList();
    for (var creation : admin.createTopics(missing).values().entrySet()) {
      try {
        creation.getValue().get();
        LOG.info("created topic {}", creation.getKey());
      } catch (ExecutionException e) {
        if (!(e.getCause() instanceof TopicExistsException)) {
          throw e;
        }
      }
    }
  }

  private Map<String, String> configuration(Topic topic) {
    var configuration = new HashMap<>(topic.configuration());
    configuration.putAll(durability.settings());
    return configuration;
  }

  private Optional<String> misconfigured() throws InterruptedException, ExecutionException {
    var shown =
        admin
            .describeConfigs(
                topics.stream()
                    .map(topic -> new ConfigResource(ConfigResource.Type.TOPIC, topic.name()))
                    .toList())
            .all()
            .get();
    for (var topic : topics) {
      var config = shown.get(new ConfigResource(ConfigResource.Type.TOPIC, topic.name()));
      if (config != null) {
        for (var needed : needed(topic).entrySet()) {
          var entry = config.get(needed.getKey());
          if (entry != null && !needed.getValue().equals(entry.value())) {
            return Optional.of(wrong(topic, entry, needed.getValue()));
          }
        }
        for (var least : durability.settings().entrySet()) {
          var entry = config.get(least.getKey());
          if (entry != null
              && Integer.parseInt(entry.value()) < Integer.parseInt(least.getValue())) {
            return Optional.of(wrong(topic, entry, least.getValue()));
          }
        }
      }
    }
    return Optional.empty();
  }

  private Optional<String> underReplicated() throws InterruptedException, ExecutionException {
    var brokers = admin.describeCluster().nodes().get();
    var shown = admin.describeTopics(topics.stream().map(Topic::name).toList());
    for (var topic : shown.allTopicNames().get().values()) {
      var obstacle = durability.obstacle(topic, brokers, bootstrapServers);
      if (obstacle.isPresent()) {
        return obstacle;
      }
    }
    return Optional.empty();
  }

  private Optional<String> oldTransactions() throws InterruptedException, ExecutionException {
    var features = admin.describeFeatures().featureMetadata().get().finalizedFeatures();
    var found = features.get(TRANSACTIONS);
    var version = found == null ? 0 : found.maxVersionLevel();
    return version >= LEAST_TRANSACTIONS
        ? Optional.empty()
        : Optional.of(
            "Expected %s to be at least %d, but it is %d, and a transaction could take in what an"
                    .formatted(TRANSACTIONS, LEAST_TRANSACTIONS, version)
                + " older one left; put it right with: kafka-features.sh --bootstrap-server %s"
                    .formatted(bootstrapServers)
                + " upgrade --feature %s=%d".formatted(TRANSACTIONS, LEAST_TRANSACTIONS));
  }

  /** What a topic must have, whoever created it, or records would be lost or mistimed. */
  private static Map<String, String> needed(Topic topic) {
    var needed = new TreeMap<>(topic.settings());
    needed.put("cleanup.policy", "delete");
    needed.put("unclean.leader.election.enable", "false");
    if (topic.retention().isNegative()) {
      needed.put("retention.ms", FOR_EVER);
      needed.put("retention.bytes", FOR_EVER);
    }
    return needed;
  }

  private String wrong(Topic topic, ConfigEntry entry, String needed) {
    return ("Expected topic '%s' to have %s=%s, but it has %s, and records would be lost or"
            + " mistimed; put it right with: kafka-configs.sh --bootstrap-server %s --alter"
            + " --entity-type topics --entity-name %s --add-config %s=%s")
        .formatted(
            topic.name(),
            entry.name(),
            needed,
            entry.value(),
            bootstrapServers,
            topic.name(),
            entry.name(),
            needed);
  }
}
