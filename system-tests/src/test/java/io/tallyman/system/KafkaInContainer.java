package io.tallyman.system;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;

/**
 * The program of the image that {@link KafkaImage} makes: a broker whose settings are environment
 * variables, by the rules of the official image. {@code KAFKA_X_Y} is {@code x.y}, two underscores
 * are one, three are a dash; {@code CLUSTER_ID} formats the data folder.
 */
public final class KafkaInContainer {

  private static final String PREFIX = "KAFKA_";

  private KafkaInContainer() {}

  /** Serves until the container is stopped. */
  public static void main(String[] arguments) throws Exception {
    var settings = settings(System.getenv());
    format(Path.of(settings.getProperty("log.dirs")), settings);
    var server = new KafkaRaftServer(KafkaConfig.fromProps(settings, false), Time.SYSTEM);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  server.shutdown();
                  server.awaitShutdown();
                },
                "stop"));
    server.startup();
    server.awaitShutdown();
  }

  private static Properties settings(Map<String, String> environment) {
    var settings = new Properties();
    settings.put("log.dirs", "/var/lib/kafka");
    // A single broker has nobody to replicate the share groups' topic to; Kafka's default is 3.
    settings.put("share.coordinator.state.topic.replication.factor", "1");
    settings.put("share.coordinator.state.topic.min.isr", "1");
    environment.forEach(
        (name, value) -> {
          if (name.startsWith(PREFIX)) {
            settings.put(settingOf(name.substring(PREFIX.length())), value);
          }
        });
    return settings;
  }

  /** {@code A_B} is {@code a.b}, {@code A__B} is {@code a_b}, {@code A___B} is {@code a-b}. */
  private static String settingOf(String name) {
    return name.toLowerCase(Locale.ROOT)
        .replace("___", "-")
        .replace("__", "\0")
        .replace("_", ".")
        .replace("\0", "_");
  }

  private static void format(Path folder, Properties settings) throws Exception {
    if (Files.exists(folder.resolve("meta.properties"))) {
      return;
    }
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new IOException("Expected to make the data folder " + folder, e);
    }
    new Formatter()
        .setNodeId(Integer.parseInt(settings.getProperty("node.id")))
        .setClusterId(Objects.requireNonNull(System.getenv("CLUSTER_ID"), "CLUSTER_ID"))
        .addDirectory(folder.toString())
        .setControllerListenerName(settings.getProperty("controller.listener.names"))
        .setIgnoreFormatted(true)
        .setPrintStream(System.out)
        .run();
  }
}
