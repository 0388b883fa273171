package io.tallyman.runtime;

import io.tallyman.runtime.endpoints.Endpoints;
import io.tallyman.runtime.net.AddressPolicy;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Settings that every service reads.
 *
 * @param kafka bootstrap servers, {@code host:port,…}
 * @param redis {@code redis://[user:password@]host:port[/database]}
 * @param endpoints the endpoints file, already read
 * @param dataDir where a service keeps what it can rebuild: state stores, indexes
 * @param minReplication replicas that every topic must have at least
 * @param addresses where submitters may send us: receivers of webhooks, files to fetch
 */
public record CommonSettings(
    String kafka,
    String redis,
    Endpoints endpoints,
    Path dataDir,
    int minReplication,
    AddressPolicy addresses) {

  public static final Variable<String> KAFKA =
      Variable.text(
          "TALLY_KAFKA", "localhost:9092", "Kafka bootstrap servers: host:port, comma-separated");

  public static final Variable<String> REDIS =
      Variable.text(
          "TALLY_REDIS",
          "redis://localhost:6379",
          "Redis: redis://[user:password@]host:port[/database], or rediss:// for TLS");

  public static final Variable<Optional<Path>> ENDPOINTS_FILE =
      Variable.path(
          "TALLY_ENDPOINTS_FILE",
          "",
          "YAML file of the endpoints; unset: the one endpoint 'default'. All services read the"
              + " same file");

  public static final Variable<Optional<Path>> DATA_DIR =
      Variable.path(
          "TALLY_DATA_DIR",
          "/var/lib/tallyman",
          "Folder for what a service keeps on disk: state stores and indexes, which it can rebuild"
              + " from Kafka");

  public static final Variable<Integer> MIN_REPLICATION =
      Variable.number(
          "TALLY_KAFKA_MIN_REPLICATION",
          1,
          1,
          9,
          "Replicas that every topic must have at least, and gets when it is created; writes then"
              + " need most of them. With fewer, no service gets ready, and /readyz names the topic"
              + " and the command. 3 where jobs must outlive a disk; 1: whatever the brokers have");

  public static final Variable<AddressPolicy> ALLOWED_NETWORKS =
      new Variable<>(
          "TALLY_ALLOWED_NETWORKS",
          "",
          "Receivers of webhooks, and files to fetch or send, may be on the public internet, and in"
              + " these: blocks, addresses and host names, comma-separated, such as"
              + " 10.1.0.0/16,::1,hooks.internal. For api, worker-runner and webhook-dispatcher"
              + " alike; 0.0.0.0/0,::/0 allows everything",
          AddressPolicy::allowing);

  /** All of them. */
  public static final List<Variable<?>> ALL =
      List.of(KAFKA, REDIS, ENDPOINTS_FILE, DATA_DIR, MIN_REPLICATION, ALLOWED_NETWORKS);

  /** With what one broker can give. */
  public CommonSettings(
      String kafka, String redis, Endpoints endpoints, Path dataDir, AddressPolicy addresses) {
    this(kafka, redis, endpoints, dataDir, 1, addresses);
  }

  /**
   * Reads them.
   *
   * @throws IllegalArgumentException when one is wrong; the message says which and why
   */
  public static CommonSettings from(Map<String, String> environment) {
    return new CommonSettings(
        KAFKA.from(environment),
        REDIS.from(environment),
        ENDPOINTS_FILE.from(environment).map(Endpoints::read).orElseGet(Endpoints::builtIn),
        DATA_DIR.from(environment).orElse(Path.of(".")),
        MIN_REPLICATION.from(environment),
        ALLOWED_NETWORKS.from(environment));
  }
}
