package io.tallyman.runtime.kafka;

import io.tallyman.schemas.Topics.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Creates the topics that are missing, with the configuration of the table. */
public final class TopicSetup {

  private static final Logger LOG = LoggerFactory.getLogger(TopicSetup.class);
  private static final Duration CLOSE_LIMIT = Duration.ofMillis(500);
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private TopicSetup() {}

  /**
   * Waits for Kafka, for as long as it takes, and creates what is missing. Replication is the
   * broker's default. A topic that exists is left as it is.
   *
   * @throws InterruptedException when the caller is told to stop waiting
   */
  public static void ensure(String bootstrapServers, Collection<Topic> topics)
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
      while (!createdAll(admin, topics)) {
        // The client itself waited and tried again, for as long as PATIENCE.
        if (Thread.interrupted()) {
          throw new InterruptedException("Told to stop while waiting for Kafka");
        }
      }
    } finally {
      // Told to stop, it must not wait for answers that do not come.
      admin.close(CLOSE_LIMIT);
    }
  }

  private static boolean createdAll(Admin admin, Collection<Topic> topics)
      throws InterruptedException {
    try {
      var existing = admin.listTopics().names().get();
      var missing = new ArrayList<NewTopic>();
      for (var topic : topics) {
        if (!existing.contains(topic.name())) {
          missing.add(
              new NewTopic(topic.name(), Optional.of(topic.partitions()), Optional.<Short>empty())
                  .configs(topic.configuration()));
        }
      }
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
      return true;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RetriableException) {
        LOG.warn("Kafka does not answer ({}); still trying", e.getCause().getMessage());
        return false;
      }
      throw new IllegalStateException("Expected to create topics, but Kafka refused", e.getCause());
    }
  }
}
