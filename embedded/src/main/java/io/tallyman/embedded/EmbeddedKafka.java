package io.tallyman.embedded;

import io.tallyman.schemas.Topics;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;

/**
 * One Kafka broker and controller in this process: the class that {@code kafka-server-start.sh}
 * runs, on loopback and free ports. Its data stays in the folder; starting again on the same
 * folder, on other ports too, continues it, after a kill as well. A fatal broker fault ends the
 * process.
 *
 * <p>Everything here beyond {@code kafka-clients} is internal to Kafka 4.3.1 and hidden behind this
 * class.
 */
public final class EmbeddedKafka implements AutoCloseable {

  private static final String NODE_ID = "1";

  private final KafkaRaftServer server;
  private final String bootstrapServers;

  private EmbeddedKafka(KafkaRaftServer server, String bootstrapServers) {
    this.server = server;
    this.bootstrapServers = bootstrapServers;
  }

  /**
   * Starts a broker on any free port; returns when it serves.
   *
   * @param folder of its data; created and formatted when new
   */
  public static EmbeddedKafka start(Path folder) {
    return start(folder, FreePort.find());
  }

  /** The same on a chosen port. */
  public static EmbeddedKafka start(Path folder, int port) {
    var settings = settings(folder, port, FreePort.find());
    format(folder);
    var server = new KafkaRaftServer(KafkaConfig.fromProps(settings, false), Time.SYSTEM);
    server.startup();
    return new EmbeddedKafka(server, "127.0.0.1:" + port);
  }

  /** {@code host:port} for clients. */
  public String bootstrapServers() {
    return bootstrapServers;
  }

  @Override
  public void close() {
    server.shutdown();
    server.awaitShutdown();
  }

  private static void format(Path folder) {
    if (Files.exists(folder.resolve("meta.properties"))) {
      return;
    }
    try {
      Files.createDirectories(folder);
      new Formatter()
          .setNodeId(Integer.parseInt(NODE_ID))
          .setClusterId(Uuid.randomUuid().toString())
          .addDirectory(folder.toString())
          .setControllerListenerName("CONTROLLER")
          .setIgnoreFormatted(true)
          .setPrintStream(new PrintStream(OutputStream.nullOutputStream()))
          .run();
    } catch (java.io.IOException e) {
      throw new UncheckedIOException("Expected to make the folder " + folder, e);
    } catch (Exception e) {
      throw new IllegalStateException(
          "Expected to format %s for Kafka, but failed".formatted(folder), e);
    }
  }

  private static Properties settings(Path folder, int port, int controllerPort) {
    var settings = new Properties();
    settings.put("process.roles", "broker,controller");
    settings.put("node.id", NODE_ID);
    settings.put("controller.quorum.voters", NODE_ID + "@127.0.0.1:" + controllerPort);
    settings.put("controller.listener.names", "CONTROLLER");
    settings.put(
        "listeners",
        "PLAINTEXT://127.0.0.1:%d,CONTROLLER://127.0.0.1:%d".formatted(port, controllerPort));
    settings.put("listener.security.protocol.map", "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT");
    settings.put("inter.broker.listener.name", "PLAINTEXT");
    settings.put("log.dirs", folder.toAbsolutePath().toString());
    settings.put("auto.create.topics.enable", "false");
    settings.put("message.max.bytes", Integer.toString(Topics.MAX_RECORD_BYTES));
    settings.put("replica.fetch.max.bytes", Integer.toString(Topics.MAX_RECORD_BYTES));

    // A single node: nothing to replicate its own topics to.
    for (var own : new String[] {"offsets.topic", "transaction.state.log"}) {
      settings.put(own + ".replication.factor", "1");
      settings.put(own + ".num.partitions", "1");
    }
    settings.put("transaction.state.log.min.isr", "1");
    settings.put("share.coordinator.state.topic.replication.factor", "1");
    settings.put("share.coordinator.state.topic.min.isr", "1");
    settings.put("share.coordinator.state.topic.num.partitions", "1");
    settings.put("offsets.retention.minutes", "525600");

    // A small machine.
    settings.put("num.network.threads", "2");
    settings.put("num.io.threads", "4");
    settings.put("background.threads", "2");
    // The default takes 128 MB of heap.
    settings.put("log.cleaner.dedupe.buffer.size", "16777216");

    // Quick starts: the old incarnation of a killed broker must lose its session first, groups form
    // without waiting for more members, and a killed process's transaction is given up at once.
    settings.put("broker.session.timeout.ms", "1000");
    settings.put("broker.heartbeat.interval.ms", "250");
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
}
