package io.tallyman.embedded;

import java.nio.file.Path;
import java.util.Properties;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Time;

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
    Broker.format(folder, Integer.parseInt(NODE_ID), Uuid.randomUuid().toString());
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

  private static Properties settings(Path folder, int port, int controllerPort) {
    var settings = Broker.smallAndQuick();
    settings.put("node.id", NODE_ID);
    settings.put("controller.quorum.voters", NODE_ID + "@127.0.0.1:" + controllerPort);
    settings.put("controller.listener.names", "CONTROLLER");
    settings.put(
        "listeners",
        "PLAINTEXT://127.0.0.1:%d,CONTROLLER://127.0.0.1:%d".formatted(port, controllerPort));
    settings.put("listener.security.protocol.map", "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT");
    settings.put("inter.broker.listener.name", "PLAINTEXT");
    settings.put("log.dirs", folder.toAbsolutePath().toString());

    // A single node: nothing to replicate its own topics to.
    Broker.replicate(settings, 1, 1);
    settings.put("offsets.topic.num.partitions", "1");
    settings.put("transaction.state.log.num.partitions", "1");
    settings.put("share.coordinator.state.topic.num.partitions", "1");

    // The old incarnation of a killed broker must lose its session first.
    settings.put("broker.session.timeout.ms", "1000");
    settings.put("broker.heartbeat.interval.ms", "250");
    return settings;
  }
}
