package io.tallyman.chaos.cluster;

import io.tallyman.embedded.BrokerProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Where three brokers listen, and how they are reached. A broker tells its clients one address per
 * listener, so it has a listener for each process that connects to it, told at the port of that
 * process's own proxy: any one can be cut off alone. The other brokers are such processes too, once
 * as clients of its log and once as voters of its controller. The listener {@code DIRECT} has no
 * proxy: it is for those who watch.
 */
final class BrokerAddresses {

  private static final String DIRECT = "DIRECT";
  private static final String LOOPBACK = "127.0.0.1:";

  /** Any: it stays on this machine. */
  private static final String CLUSTER = "Y2hhb3MtY2hhb3MtY2hhbw";

  /** A listener: where its broker really listens, and where clients are told that it does. */
  private record Listener(int port, int told) {}

  private final Ports ports;
  private final Map<String, Map<String, Listener>> listeners = new TreeMap<>();
  private final List<Link> links = new ArrayList<>();

  /** Makes the proxies of all links; they listen from now on. */
  BrokerAddresses(Ports ports) {
    this.ports = ports;
    for (var broker : Names.BROKERS) {
      direct(broker, DIRECT);
      for (var service : Names.SERVICES) {
        links.add(new Link(service, broker, List.of(proxied(broker, data(service)))));
      }
      for (var peer : Names.BROKERS) {
        if (peer.equals(broker)) {
          direct(broker, data(broker));
          direct(broker, control(broker));
        } else {
          links.add(
              new Link(
                  peer,
                  broker,
                  List.of(proxied(broker, data(peer)), proxied(broker, control(peer)))));
        }
      }
    }
  }

  /** From each service to each broker, and between the brokers. */
  List<Link> links() {
    return List.copyOf(links);
  }

  /** For a service, through its proxies. */
  String bootstrapServersOf(String service) {
    return told(data(service));
  }

  /** Past all proxies. */
  String directBootstrapServers() {
    return told(DIRECT);
  }

  /** Writes the settings of a broker. */
  void write(String broker, Path logDir, Path file) {
    var own = listeners.getOrDefault(broker, Map.of());
    var settings = new Properties();
    settings.put(BrokerProcess.CLUSTER_ID, CLUSTER);
    settings.put("node.id", number(broker));
    settings.put("log.dirs", logDir.toAbsolutePath().toString());
    settings.put("listeners", addresses(own, Listener::port));
    settings.put("advertised.listeners", addresses(own, Listener::told));
    settings.put(
        "listener.security.protocol.map",
        own.keySet().stream().map(name -> name + ":PLAINTEXT").collect(Collectors.joining(",")));
    settings.put("inter.broker.listener.name", data(broker));
    // Its own first: over that one it reaches the others.
    settings.put(
        "controller.listener.names",
        control(broker)
            + ","
            + Names.BROKERS.stream()
                .filter(peer -> !peer.equals(broker))
                .map(BrokerAddresses::control)
                .collect(Collectors.joining(",")));
    settings.put(
        "controller.quorum.voters",
        Names.BROKERS.stream()
            .map(voter -> number(voter) + "@" + LOOPBACK + listener(voter, control(broker)).told())
            .collect(Collectors.joining(",")));
    try (var writer = Files.newBufferedWriter(file)) {
      settings.store(writer, null);
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to write " + file, e);
    }
  }

  private void direct(String broker, String name) {
    var port = ports.next();
    put(broker, name, new Listener(port, port));
  }

  private FaultProxy proxied(String broker, String name) {
    var port = ports.next();
    var proxy = new FaultProxy(ports.next(), port);
    put(broker, name, new Listener(port, proxy.port()));
    return proxy;
  }

  private void put(String broker, String name, Listener listener) {
    listeners.computeIfAbsent(broker, _ -> new TreeMap<>()).put(name, listener);
  }

  private Listener listener(String broker, String name) {
    var found = listeners.getOrDefault(broker, Map.of()).get(name);
    if (found == null) {
      throw new IllegalArgumentException("%s has no listener %s".formatted(broker, name));
    }
    return found;
  }

  private String told(String name) {
    return Names.BROKERS.stream()
        .map(broker -> LOOPBACK + listener(broker, name).told())
        .collect(Collectors.joining(","));
  }

  private static String addresses(
      Map<String, Listener> own, java.util.function.ToIntFunction<Listener> port) {
    return own.entrySet().stream()
        .map(entry -> entry.getKey() + "://" + LOOPBACK + port.applyAsInt(entry.getValue()))
        .collect(Collectors.joining(","));
  }

  private static String data(String client) {
    return client.toUpperCase(Locale.ROOT).replace('-', '_');
  }

  private static String control(String voter) {
    return "CONTROLLER_" + number(voter);
  }

  private static String number(String broker) {
    return broker.replaceFirst(".*-", "");
  }
}
