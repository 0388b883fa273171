package io.tallyman.runtime.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DurabilityTest {

  private static final Durability THREE = new Durability(3);

  @Test
  void shouldTakeATopicWithEnoughReplicas() {
    assertThat(THREE.obstacle(topic(3, 3), brokers(3), "kafka:9092")).isEmpty();
    assertThat(THREE.obstacle(topic(3, 4), brokers(4), "kafka:9092")).isEmpty();
  }

  @Test
  void shouldNameTheCommandThatAddsTheMissingReplicas() {
    assertThat(THREE.obstacle(topic(3, 1), brokers(4), "kafka:9092"))
        .contains(
            "Expected topic 'log' to have 3 replicas (TALLY_KAFKA_MIN_REPLICATION), but it has 1;"
                + " put it right with: echo '{\"version\":1,\"partitions\":["
                + "{\"topic\":\"log\",\"partition\":0,\"replicas\":[0,1,2]},"
                + "{\"topic\":\"log\",\"partition\":1,\"replicas\":[0,1,2]}]}' > raise.json &&"
                + " kafka-reassign-partitions.sh --bootstrap-server kafka:9092"
                + " --reassignment-json-file raise.json --execute");
  }

  @Test
  void shouldSayWhenThereAreTooFewBrokers() {
    assertThat(THREE.obstacle(topic(1, 1), brokers(2), "kafka:9092"))
        .hasValueSatisfying(it -> assertThat(it).contains("there are only 2 brokers"));
  }

  @ParameterizedTest
  @CsvSource({"2, 2", "3, 2", "4, 3", "5, 3"})
  void shouldWantMostReplicasToHaveARecord(int replicas, String inSync) {
    assertThat(new Durability(replicas).settings()).containsEntry("min.insync.replicas", inSync);
  }

  @Test
  void shouldWantNothingOfOneBroker() {
    var one = new Durability(1);

    assertThat(one.settings()).isEmpty();
    assertThat(one.replicasOfNew()).isEmpty();
    assertThat(one.obstacle(topic(1), brokers(1), "kafka:9092")).isEmpty();
  }

  private static TopicDescription topic(int... replicas) {
    return new TopicDescription(
        "log",
        false,
        IntStream.range(0, replicas.length)
            .mapToObj(
                i ->
                    new TopicPartitionInfo(
                        i, brokers(1).getFirst(), brokers(replicas[i]), brokers(replicas[i])))
            .toList());
  }

  private static List<Node> brokers(int count) {
    return IntStream.range(0, count).mapToObj(i -> new Node(i, "kafka-" + i, 9092)).toList();
  }
}
