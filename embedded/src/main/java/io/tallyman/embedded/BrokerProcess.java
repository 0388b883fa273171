package io.tallyman.embedded;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.utils.Time;

/**
 * One node, broker and controller, of a cluster of three, as a process of its own: for tests that
 * kill it. Every record has three copies, and is acknowledged when two have it.
 *
 * <p>{@code java -cp tally.jar io.tallyman.embedded.BrokerProcess FILE}, where the file has Kafka's
 * settings in Java's format for properties: {@code node.id}, {@code log.dirs} and all about
 * listeners and voters, and {@value #CLUSTER_ID}, which is ours. It serves until SIGTERM, and goes
 * on with its data when it is started again.
 */
public final class BrokerProcess {

  /** Names the cluster in the file: a UUID as Kafka writes it, 22 characters of Base64. */
  public static final String CLUSTER_ID = "tally.cluster.id";

  private BrokerProcess() {}

  /** Runs it. */
  public static void main(String[] arguments) {
    if (arguments.length != 1) {
      throw new IllegalArgumentException(
          "Expected one argument, the file of settings, but there are " + arguments.length);
    }
    var settings = settings(Path.of(arguments[0]));
    Broker.format(
        Path.of(settings.getProperty("log.dirs")),
        Integer.parseInt(settings.getProperty("node.id")),
        settings.getProperty(CLUSTER_ID));
    var server = new KafkaRaftServer(KafkaConfig.fromProps(settings, false), Time.SYSTEM);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  server.shutdown();
                  server.awaitShutdown();
                },
                "stop"));
    var isServing = false;
    try {
      server.startup();
      isServing = true;
    } finally {
      if (!isServing) {
        // Threads of a half-started broker would keep the process.
        Runtime.getRuntime().halt(1);
      }
    }
    server.awaitShutdown();
  }

  private static Properties settings(Path file) {
    var settings = Broker.smallAndQuick();
    Broker.replicate(settings, 3, 2);
    settings.put("broker.session.timeout.ms", "3000");
    settings.put("broker.heartbeat.interval.ms", "500");
    // The default of 2 s elects a new controller whenever a busy machine holds one up.
    settings.put("controller.quorum.fetch.timeout.ms", "4000");
    // One per listener, and there are many listeners.
    settings.put("num.network.threads", "1");
    settings.put("offsets.topic.num.partitions", "3");
    settings.put("transaction.state.log.num.partitions", "3");
    settings.put("share.coordinator.state.topic.num.partitions", "3");
    try (var reader = Files.newBufferedReader(file)) {
      settings.load(reader);
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to read the settings of a broker from " + file, e);
    }
    return settings;
  }
}
