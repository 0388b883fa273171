package io.tallyman.system;

import io.tallyman.chaos.cluster.FaultProxy;
import io.tallyman.chaos.cluster.Toxic;
import io.tallyman.embedded.BrokerProcess;
import io.tallyman.embedded.EmbeddedRedis;
import io.tallyman.embedded.FreePort;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.common.Uuid;

/**
 * A server that our services need, as a process of its own: what runs in the test's process can be
 * closed, but neither frozen nor killed. It keeps its port and its folder over all its lives.
 */
final class Neighbour implements AutoCloseable {

  private static final Path JAR =
      Path.of("").toAbsolutePath().getParent().resolve("cli/target/tally.jar");

  private final List<String> command;
  private final Path folder;
  private final int port;
  private final Optional<FaultProxy> road;
  private Optional<Process> process = Optional.empty();

  private Neighbour(List<String> command, Path folder, int port, Optional<FaultProxy> road) {
    this.command = command;
    this.folder = folder;
    this.port = port;
    this.road = road;
  }

  /**
   * A broker of Kafka, alone, that keeps its data. Not started yet.
   *
   * @param isDistant whether it can be {@link #delay delayed}
   */
  static Neighbour kafka(Path folder, boolean isDistant) throws IOException {
    Files.createDirectories(folder);
    var port = FreePort.find();
    var road = road(port, isDistant);
    var controller = FreePort.find();
    var settings = folder.resolve("broker.properties");
    Files.writeString(
        settings,
        """
        %s=%s
        node.id=1
        log.dirs=%s
        controller.quorum.voters=1@127.0.0.1:%d
        controller.listener.names=CONTROLLER
        listeners=PLAINTEXT://127.0.0.1:%d,CONTROLLER://127.0.0.1:%d
        advertised.listeners=PLAINTEXT://127.0.0.1:%d
        listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
        inter.broker.listener.name=PLAINTEXT
        default.replication.factor=1
        min.insync.replicas=1
        offsets.topic.replication.factor=1
        offsets.topic.num.partitions=1
        transaction.state.log.replication.factor=1
        transaction.state.log.min.isr=1
        transaction.state.log.num.partitions=1
        share.coordinator.state.topic.replication.factor=1
        share.coordinator.state.topic.min.isr=1
        share.coordinator.state.topic.num.partitions=1
        """
            .formatted(
                BrokerProcess.CLUSTER_ID,
                Uuid.randomUuid(),
                folder.resolve("data"),
                controller,
                port,
                controller,
                road.map(FaultProxy::port).orElse(port)));
    return new Neighbour(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx384m",
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-cp",
            JAR.toString(),
            BrokerProcess.class.getName(),
            settings.toString()),
        folder,
        port,
        road);
  }

  /** A Redis, which forgets all when it ends. Not started yet. */
  static Neighbour redis(Path folder, boolean isDistant) throws IOException {
    Files.createDirectories(folder);
    var port = FreePort.find();
    return new Neighbour(EmbeddedRedis.command(port), folder, port, road(port, isDistant));
  }

  private static Optional<FaultProxy> road(int port, boolean isDistant) {
    return isDistant ? Optional.of(new FaultProxy(FreePort.find(), port)) : Optional.empty();
  }

  /** {@code 127.0.0.1:port}, whether or not anybody listens there. */
  String address() {
    return "127.0.0.1:" + road.map(FaultProxy::port).orElse(port);
  }

  /** Starts it; does not wait until it serves, as nobody waits for a neighbour. */
  void start() {
    var output = folder.resolve("output.log").toFile();
    try {
      process =
          Optional.of(
              new ProcessBuilder(command)
                  .directory(folder.toFile())
                  .redirectErrorStream(true)
                  .redirectOutput(ProcessBuilder.Redirect.appendTo(output))
                  .start());
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to start " + command, e);
    }
  }

  /** It holds its connections, and answers nobody. */
  void freeze() {
    signal("STOP");
  }

  /** It goes on where it was frozen. */
  void thaw() {
    signal("CONT");
  }

  /** Everything to and from it takes so much longer. */
  void delay(Duration eachWay) {
    for (var direction : FaultProxy.Direction.values()) {
      road.orElseThrow().add(direction, new Toxic.Latency(eachWay));
    }
  }

  /** Pulls the plug; returns when it is gone. */
  void kill() {
    process.ifPresent(running -> running.destroyForcibly().onExit().join());
    process = Optional.empty();
  }

  private void signal(String name) {
    var pid = Long.toString(process.orElseThrow().pid());
    try {
      new ProcessBuilder("kill", "-" + name, pid).start().waitFor();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    kill();
    road.ifPresent(FaultProxy::close);
  }
}
