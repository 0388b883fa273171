package io.tallyman.chaos.cluster;

import io.tallyman.chaos.http.ReadinessLook;
import io.tallyman.chaos.kafka.BrokerAdmin;
import io.tallyman.embedded.BrokerProcess;
import io.tallyman.embedded.EmbeddedRedis;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** All processes of a run, the links between them, and the clocks and disks that can be broken. */
public final class Cluster implements AutoCloseable {

  /** For dozen JVMs on two busy processors. */
  private static final Duration START_LIMIT = Duration.ofMinutes(2);

  /** For a process to end after SIGTERM. */
  public static final Duration STOP_LIMIT = Duration.ofSeconds(20);

  private static final String SERVICE_MAIN = "io.tallyman.cli.Tally";
  private static final String LOOPBACK = "127.0.0.1:";
  private static final int BROKER_MEGABYTES = 320;
  private static final int SERVICE_MEGABYTES = 224;

  private final Setup setup;
  private final Ports ports;
  private final BrokerAddresses addresses;
  private final int redisPort;
  private final Map<String, Node> nodes = new LinkedHashMap<>();
  private final Map<String, URI> bases = new TreeMap<>();
  private final Map<String, Clock> clocks = new HashMap<>();
  private final Map<String, Disk> disks = new HashMap<>();
  private final List<Link> links;
  private final FaultProxy receiver;
  private final ReadinessLook readiness = new ReadinessLook();
  private final BrokerAdmin admin;
  private final Thread hook = new Thread(this::end, "end-cluster");

  /** Makes everything but starts no process. */
  public Cluster(Setup setup) {
    this.setup = setup;
    Runtime.getRuntime().addShutdownHook(hook);
    this.ports = new Ports(setup.portSeed());
    this.addresses = new BrokerAddresses(ports);
    this.redisPort = ports.next();
    this.receiver = new FaultProxy(ports.next(), setup.receiver().getPort());
    this.links = new ArrayList<>(addresses.links());
    links.add(new Link("webhook-dispatchers", "receiver", List.of(receiver)));
    write(endpointsFile(), setup.endpoints());
    write(keyFile(), setup.apiKey() + "\n");
    Names.BROKERS.forEach(this::makeBroker);
    nodes.put(
        Names.REDIS,
        new Node(Names.REDIS, EmbeddedRedis.command(redisPort), Map.of(), setup.folder()));
    Names.SERVICES.forEach(this::makeService);
    this.admin = new BrokerAdmin(addresses.directBootstrapServers());
  }

  /**
   * Starts all.
   *
   * @throws TimeoutException naming who is not ready, and where its log is
   */
  public void start() throws InterruptedException, TimeoutException {
    Stream.concat(Names.BROKERS.stream(), Stream.of(Names.REDIS))
        .forEach(name -> node(name).start());
    if (!Await.until(START_LIMIT, () -> admin.brokers() == Names.BROKERS.size())) {
      throw new TimeoutException(
          "Expected three brokers within %s; see %s"
              .formatted(START_LIMIT, node("broker-1").log()));
    }
    Names.SERVICES.forEach(name -> node(name).start());
    awaitReady();
  }

  /**
   * Waits until all services can do their work and every record has its three copies.
   *
   * @throws TimeoutException naming who is not ready, and where its log is
   */
  public void awaitReady() throws InterruptedException, TimeoutException {
    for (var name : bases.keySet()) {
      if (!Await.until(START_LIMIT, () -> isReady(name))) {
        throw new TimeoutException(
            "Expected %s to be ready within %s, but it says '%s'; see %s"
                .formatted(name, START_LIMIT, readiness.ask(base(name)).body(), node(name).log()));
      }
    }
    if (!Await.until(START_LIMIT, () -> admin.missingReplicas() == 0)) {
      throw new TimeoutException(
          "Expected all replicas to be in sync within %s, but %d are not; see the logs of brokers in %s"
              .formatted(START_LIMIT, admin.missingReplicas(), setup.folder()));
    }
  }

  /** Whether a service says that it can do its work. */
  public boolean isReady(String name) throws InterruptedException {
    return readiness.ask(base(name)).status() == 200;
  }

  /** Undoes whatever was done: all links whole, clocks true, disks free, everybody up. */
  public void heal() {
    links.forEach(Link::heal);
    clocks.values().forEach(Clock::heal);
    disks.values().forEach(Disk::free);
    nodes.values().forEach(Node::thaw);
    nodes.values().forEach(Node::start);
  }

  /**
   * Stops the services as an operator does, each with SIGTERM. What they stand on is not the
   * product: it goes when this is closed.
   *
   * @return exit code by name; nothing for one that had to be killed
   */
  public Map<String, Optional<Integer>> stopServices() throws InterruptedException {
    var codes = new LinkedHashMap<String, Optional<Integer>>();
    for (var name : Names.SERVICES) {
      codes.put(name, node(name).terminate(STOP_LIMIT));
    }
    return codes;
  }

  /** Processes, brokers first. */
  public Collection<Node> nodes() {
    return nodes.values();
  }

  /** A process by the name that plans know it by, such as {@code worker-runner-1}. */
  public Node node(String name) {
    return found(name, nodes.get(name));
  }

  /** Where a service answers probes. */
  public URI base(String name) {
    return found(name, bases.get(name));
  }

  /** Base URLs of the apis. */
  public List<URI> apis() {
    return Names.APIS.stream().map(this::base).toList();
  }

  /** The clock of a service, where clocks can be moved. */
  public Clock clock(String name) {
    return found(name, clocks.get(name));
  }

  /** The disk of a broker, where disks can be filled. */
  public Disk disk(String name) {
    return found(name, disks.get(name));
  }

  /** Who has a clock that can be moved. */
  public Collection<String> clocks() {
    return clocks.keySet();
  }

  /** Every link there is. */
  public List<Link> links() {
    return List.copyOf(links);
  }

  /** The receiver as dispatchers reach it. */
  public URI receiver() {
    return URI.create("http://" + LOOPBACK + receiver.port());
  }

  /** The harness as a client of the brokers. */
  public BrokerAdmin admin() {
    return admin;
  }

  /** Bootstrap servers past all proxies. */
  public String kafka() {
    return addresses.directBootstrapServers();
  }

  /** Port of Redis past all proxies. */
  public int redisPort() {
    return redisPort;
  }

  /** The folder that the data of all processes is in, with the folders of jobs. */
  public Path data() {
    return setup.folder().resolve("data");
  }

  /** Ends whatever still runs, at once. */
  @Override
  public void close() {
    end();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException _) {
      // Told to end just now: the hook finds nothing left.
    }
    admin.close();
    readiness.close();
    links.forEach(link -> link.proxies().forEach(FaultProxy::close));
  }

  /** All processes and disks; whatever else this process is doing when it is told to end. */
  private synchronized void end() {
    nodes.values().forEach(Node::retire);
    disks.values().forEach(Disk::close);
    disks.clear();
  }

  private void makeBroker(String name) {
    var data = dataOf(name);
    if (setup.hasDisk() && name.equals(Names.BROKERS.getLast())) {
      disks.put(name, Disk.mount(data));
    }
    var settings = setup.folder().resolve(name + ".properties");
    // Not the mount point itself: a broker formats a folder that is not there.
    addresses.write(name, data.resolve("log"), settings);
    nodes.put(
        name,
        new Node(
            name,
            setup
                .product()
                .command(
                    BROKER_MEGABYTES,
                    List.of(),
                    BrokerProcess.class.getName(),
                    settings.toAbsolutePath().toString()),
            Map.of("TALLY_LOG_LEVEL", "INFO"),
            setup.folder()));
  }

  private void makeService(String name) {
    var port = ports.next();
    var kind = Names.kind(name);
    var environment = new TreeMap<String, String>();
    environment.put("TALLY_KAFKA", addresses.bootstrapServersOf(name));
    environment.put("TALLY_ENDPOINTS_FILE", endpointsFile().toAbsolutePath().toString());
    environment.put("TALLY_DATA_DIR", dataOf(name).toAbsolutePath().toString());
    // The receiver of the webhooks is here.
    environment.put("TALLY_ALLOWED_NETWORKS", "127.0.0.0/8");
    var identity = name;
    if (kind.equals("api") || kind.equals("state-processor")) {
      var redis = new FaultProxy(ports.next(), redisPort);
      links.add(new Link(name, Names.REDIS, List.of(redis)));
      environment.put("TALLY_REDIS", "redis://" + LOOPBACK + redis.port());
    }
    switch (kind) {
      case "api" -> {
        environment.put("TALLY_API_HOST", "127.0.0.1");
        environment.put("TALLY_API_KEY_FILE", keyFile().toAbsolutePath().toString());
      }
      case "state-processor" -> {
        environment.put("TALLY_PROCESSOR_ID", name);
        environment.put("TALLY_LEASE", setup.lease().toMillis() + "ms");
        environment.put("TALLY_MAX_ATTEMPTS", Integer.toString(setup.maxAttempts()));
      }
      case "worker-runner" -> {
        identity = runnerId(name);
        environment.put("TALLY_RUNNER_ID", identity);
        environment.put("TALLY_RUNNER_RUNTIME", setup.docker().isPresent() ? "docker" : "process");
        setup.docker().ifPresent(host -> environment.put("TALLY_DOCKER_HOST", host));
      }
      default -> environment.put("TALLY_DISPATCHER_ID", name);
    }
    environment.put(
        kind.equals("api") ? "TALLY_API_PORT" : "TALLY_HEALTH_PORT", Integer.toString(port));
    // One of each kind: the library has a price at every look at the clock.
    if (name.endsWith("-2")) {
      setup
          .faketime()
          .ifPresent(
              library -> {
                var clock = new Clock(setup.folder().resolve(name + ".clock").toAbsolutePath());
                clocks.put(name, clock);
                environment.putAll(clock.environment(library));
              });
    }
    bases.put(name, URI.create("http://" + LOOPBACK + port));
    nodes.put(
        name,
        new Node(
            identity,
            setup.product().command(SERVICE_MEGABYTES, List.of(), SERVICE_MAIN, kind),
            environment,
            setup.folder()));
  }

  /**
   * Runners of several runs may share an engine, and each stops what it finds there under its own
   * name.
   */
  private String runnerId(String name) {
    return "%s-%08x".formatted(name, setup.folder().toAbsolutePath().toString().hashCode());
  }

  private Path dataOf(String name) {
    return data().resolve(name);
  }

  private Path endpointsFile() {
    return setup.folder().resolve("endpoints.yaml");
  }

  private Path keyFile() {
    return setup.folder().resolve("api-keys");
  }

  private static void write(Path file, String text) {
    try {
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to write " + file, e);
    }
  }

  private static <T> T found(String name, @Nullable T thing) {
    if (thing == null) {
      throw new IllegalArgumentException("there is none of '%s' in this cluster".formatted(name));
    }
    return thing;
  }
}
