package io.tallyman.chaos.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.chaos.kafka.BrokerAdmin;
import io.tallyman.runtime.kafka.KafkaSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Three real brokers as processes, reached through links that are cut. */
@Timeout(180)
class BrokersIT {

  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final String TOPIC = "numbers";

  @TempDir Path folder;

  private final BrokerAddresses addresses =
      new BrokerAddresses(new Ports(ProcessHandle.current().pid()));
  private final Map<String, Node> brokers = new HashMap<>();
  private BrokerAdmin admin;
  private Producer<String, byte[]> producer;

  @BeforeEach
  void start() throws Exception {
    for (var name : Names.BROKERS) {
      var settings = folder.resolve(name + ".properties");
      addresses.write(name, folder.resolve(name), settings);
      var command =
          Product.ofThisProcess()
              .command(320, List.of(), "io.tallyman.embedded.BrokerProcess", settings.toString());
      var broker = new Node(name, command, Map.of(), folder);
      brokers.put(name, broker);
      broker.start();
    }
    admin = new BrokerAdmin(addresses.directBootstrapServers());
    assertThat(Await.until(LIMIT, () -> admin.brokers() == 3)).isTrue();
    try (var own =
        Admin.create(Map.of("bootstrap.servers", addresses.bootstrapServersOf("api-1")))) {
      own.createTopics(List.of(new NewTopic(TOPIC, Optional.of(1), Optional.empty()))).all().get();
    }
    producer = KafkaSettings.producer(addresses.bootstrapServersOf("api-1"), "test", 10_000);
  }

  @AfterEach
  void stop() {
    producer.close(Duration.ZERO);
    admin.close();
    brokers.values().forEach(Node::kill);
    addresses.links().forEach(link -> link.proxies().forEach(FaultProxy::close));
  }

  @Test
  void shouldKeepThreeCopiesAndGoOnWhenTheLeaderIsKilledOrCutOff() throws Exception {
    // given
    send();
    assertThat(Await.until(LIMIT, () -> admin.missingReplicas() == 0)).isTrue();
    var first = leader();

    // when
    broker(first).kill();

    // then
    assertThat(Await.until(LIMIT, () -> !leader().equals(first) && isSent())).isTrue();
    broker(first).start();
    assertThat(Await.until(LIMIT, () -> admin.missingReplicas() == 0)).isTrue();

    // and when: neither the other brokers nor clients hear the leader, which lives on
    var second = leader();
    addresses.links().stream().filter(link -> link.touches(second)).forEach(BrokersIT::cut);

    // then: only another leader can acknowledge
    assertThat(Await.until(LIMIT, this::isSent)).isTrue();
    addresses.links().forEach(Link::heal);
    assertThat(Await.until(LIMIT, () -> admin.missingReplicas() == 0)).isTrue();

    // and when: one service alone is cut off
    addresses.links().stream().filter(link -> link.touches("api-1")).forEach(BrokersIT::cut);

    // then
    assertThat(isSent()).isFalse();
    assertThat(admin.write(TOPIC, "key", new byte[] {1}, Map.of())).startsWith(TOPIC + "-0@");
  }

  private Node broker(String name) {
    return Objects.requireNonNull(brokers.get(name), name);
  }

  private static void cut(Link link) {
    for (var direction : FaultProxy.Direction.values()) {
      link.add(direction, new Toxic.Timeout());
    }
  }

  private String leader() throws InterruptedException {
    return "broker-" + admin.leader(TOPIC, 0).orElse(0);
  }

  private void send() throws Exception {
    producer.send(new ProducerRecord<>(TOPIC, new byte[] {1})).get(12, TimeUnit.SECONDS);
  }

  private boolean isSent() throws InterruptedException {
    try {
      send();
      return true;
    } catch (ExecutionException | TimeoutException _) {
      return false;
    } catch (InterruptedException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
