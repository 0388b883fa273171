package io.tallyman.embedded;

import io.tallyman.schemas.Topics;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import org.apache.kafka.metadata.storage.Formatter;

/** What our brokers have in common, one alone in a process or three of a cluster. */
final class Broker {

  private Broker() {}

  /**
   * Writes what a broker wants to find in its folder; a folder that has it is left as it is.
   *
   * @param clusterId the same for all nodes of a cluster
   */
  static void format(Path folder, int node, String clusterId) {
    if (Files.exists(folder.resolve("meta.properties"))) {
      return;
    }
    try {
      Files.createDirectories(folder);
      new Formatter()
          .setNodeId(node)
          .setClusterId(clusterId)
          .addDirectory(folder.toString())
          .setControllerListenerName("CONTROLLER")
          .setIgnoreFormatted(true)
          .setPrintStream(new PrintStream(OutputStream.nullOutputStream()))
          .run();
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to make the folder " + folder, e);
    } catch (Exception e) {
      throw new IllegalStateException(
          "Expected to format %s for Kafka, but failed".formatted(folder), e);
    }
  }

  /** For a small machine, and for starts and failovers that take seconds. */
  static Properties smallAndQuick() {
    var settings = new Properties();
    settings.put("process.roles", "broker,controller");
    settings.put("auto.create.topics.enable", "false");
    settings.put("message.max.bytes", Integer.toString(Topics.MAX_RECORD_BYTES));
    settings.put("replica.fetch.max.bytes", Integer.toString(Topics.MAX_RECORD_BYTES));
    settings.put("offsets.retention.minutes", "525600");

    settings.put("num.network.threads", "2");
    settings.put("num.io.threads", "4");
    settings.put("background.threads", "2");
    // The default takes 128 MB of heap.
    settings.put("log.cleaner.dedupe.buffer.size", "16777216");

    // Groups form without waiting for more members, and a killed process's transaction is given up
    // at once.
    settings.put("group.initial.rebalance.delay.ms", "0");
    settings.put("transaction.abort.timed.out.transaction.cleanup.interval.ms", "500");
    // Back-to-back transactions of the state-processor: the default of 20 ms throttles them.
    settings.put("add.partitions.to.txn.retry.backoff.ms", "1");
    // Runners come and go: see that a dead one's partitions move on within seconds.
    settings.put("group.share.min.session.timeout.ms", "3000");
    settings.put("group.share.session.timeout.ms", "6000");
    settings.put("group.share.min.heartbeat.interval.ms", "500");
    settings.put("group.share.heartbeat.interval.ms", "500");
    settings.put("group.share.assignment.interval.ms", "0");
    settings.put("group.share.min.assignment.interval.ms", "0");
    settings.put("group.share.delivery.count.limit", "10");
    return settings;
  }

  /**
   * How many copies there are of each record, of topics of Kafka's own too.
   *
   * @param inSync how many must have a record before it is acknowledged
   */
  static void replicate(Properties settings, int copies, int inSync) {
    settings.put("default.replication.factor", Integer.toString(copies));
    settings.put("min.insync.replicas", Integer.toString(inSync));
    for (var own :
        new String[] {"offsets.topic", "transaction.state.log", "share.coordinator.state.topic"}) {
      settings.put(own + ".replication.factor", Integer.toString(copies));
    }
    settings.put("transaction.state.log.min.isr", Integer.toString(inSync));
    settings.put("share.coordinator.state.topic.min.isr", Integer.toString(inSync));
  }
}
