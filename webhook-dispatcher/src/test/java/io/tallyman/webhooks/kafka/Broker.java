package io.tallyman.webhooks.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.embedded.EmbeddedKafka;
import io.tallyman.runtime.kafka.KafkaSettings;
import io.tallyman.runtime.kafka.TopicSetup;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.Topics.Topic;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.json.MalformedMessage;
import io.tallyman.schemas.kafka.Records;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.jspecify.annotations.Nullable;

/**
 * A real broker with the topics of an installation, and what the neighbours of the dispatcher do to
 * it: the state-processor writes events in transactions, so the log has gaps.
 */
public final class Broker implements AutoCloseable {

  private final Path folder;
  private EmbeddedKafka kafka;
  private final Producer<String, byte[]> events;
  private final Admin admin;

  private Broker(Path folder, EmbeddedKafka kafka) {
    this.folder = folder;
    this.kafka = kafka;
    this.events =
        new KafkaProducer<>(
            Map.of(
                ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
                kafka.bootstrapServers(),
                ProducerConfig.TRANSACTIONAL_ID_CONFIG,
                "test",
                ProducerConfig.MAX_REQUEST_SIZE_CONFIG,
                Topics.MAX_RECORD_BYTES),
            new StringSerializer(),
            new ByteArraySerializer());
    this.admin = Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()));
  }

  public static Broker start(Path folder) throws InterruptedException {
    var broker = new Broker(folder, EmbeddedKafka.start(folder));
    TopicSetup.ensure(broker.kafka.bootstrapServers(), Topics.all(List.of(EndpointName.DEFAULT)));
    broker.events.initTransactions();
    return broker;
  }

  public String bootstrapServers() {
    return kafka.bootstrapServers();
  }

  /** It is away, until {@link #comeBack}. */
  public void goAway() {
    kafka.close();
  }

  /** It is there again, under its address and with its data. */
  public void comeBack() {
    var address = kafka.bootstrapServers();
    var port = Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    kafka = EmbeddedKafka.start(folder, port);
  }

  /** Deletes a topic, and makes one of the same name without records. */
  public void makeAnew(Topic topic) throws InterruptedException {
    try {
      admin.deleteTopics(List.of(topic.name())).all().get();
      // It goes in the background.
      while (admin.listTopics().names().get().contains(topic.name())) {
        Thread.onSpinWait();
      }
    } catch (ExecutionException e) {
      throw new IllegalStateException("Expected to delete " + topic.name(), e);
    }
    TopicSetup.ensure(bootstrapServers(), List.of(topic));
  }

  /** Adds partitions to a topic, so that it has so many. */
  public void enlarge(Topic topic, int partitions) throws InterruptedException {
    try {
      admin
          .createPartitions(Map.of(topic.name(), NewPartitions.increaseTo(partitions)))
          .all()
          .get();
    } catch (ExecutionException e) {
      throw new IllegalStateException("Expected more partitions of " + topic.name(), e);
    }
  }

  /**
   * Who is in a group, and with what: changes with every member that comes, or goes and is back.
   */
  public Map<String, Set<Integer>> members(String group) throws InterruptedException {
    try {
      return admin.describeConsumerGroups(List.of(group)).all().get().values().stream()
          .flatMap(it -> it.members().stream())
          .collect(
              Collectors.toMap(
                  MemberDescription::consumerId,
                  it ->
                      it.assignment().topicPartitions().stream()
                          .map(TopicPartition::partition)
                          .collect(Collectors.toSet())));
    } catch (ExecutionException e) {
      throw new IllegalStateException("Expected members of " + group, e);
    }
  }

  /** Appends events as one transaction. */
  public void append(List<? extends JobEvent> all) {
    events.beginTransaction();
    for (var event : all) {
      var meta = event.meta();
      var _ =
          events.send(
              Records.of(
                  Topics.EVENTS,
                  meta.jobId().value(),
                  event,
                  meta.jobId() + ":" + meta.sequence(),
                  "/test",
                  meta.time()));
    }
    events.commitTransaction();
  }

  /** Appends events that never happened: their transaction is aborted. */
  public void appendAborted(JobEvent event) {
    events.beginTransaction();
    var _ =
        events.send(
            Records.of(
                Topics.EVENTS,
                event.meta().jobId().value(),
                event,
                "x",
                "/test",
                event.meta().time()));
    events.flush();
    events.abortTransaction();
  }

  /** Appends what is no event to the partition of a key. */
  public void appendRaw(String key, byte @Nullable [] value, Map<String, String> headers) {
    var record = new ProducerRecord<String, byte @Nullable []>(Topics.EVENTS.name(), key, value);
    headers.forEach((name, text) -> record.headers().add(name, text.getBytes(UTF_8)));
    events.beginTransaction();
    var _ = events.send(record);
    events.commitTransaction();
  }

  /** Everything on a topic now. */
  public List<ConsumerRecord<byte[], byte[]>> read(Topic topic) {
    var all = new ArrayList<ConsumerRecord<byte[], byte[]>>();
    try (var consumer = KafkaSettings.consumer(bootstrapServers(), "test", Map.of())) {
      var partitions = partitions(topic);
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      var ends = consumer.endOffsets(partitions);
      while (partitions.stream()
          .anyMatch(it -> consumer.position(it) < java.util.Objects.requireNonNull(ends.get(it)))) {
        consumer.poll(Duration.ofMillis(100)).forEach(all::add);
      }
    }
    return all;
  }

  /** The messages of one job on a topic now. */
  public <T> List<T> read(Topic topic, Class<T> type, String job) throws MalformedMessage {
    var messages = new ArrayList<T>();
    for (var record : read(topic)) {
      if (job.equals(new String(record.key(), UTF_8))) {
        messages.add(Records.decode(type, record.headers(), record.value()));
      }
    }
    return messages;
  }

  /** How many offsets of the event log the group has not committed. */
  public long lag(String group) throws InterruptedException {
    return lag(group, Topics.EVENTS);
  }

  /** The same of another topic. */
  public long lag(String group, Topic topic) throws InterruptedException {
    try {
      var committed = admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
      var lag = 0L;
      for (var end : ends(topic).entrySet()) {
        var offset = committed.get(end.getKey());
        lag += end.getValue() - (offset == null ? 0 : offset.offset());
      }
      return lag;
    } catch (ExecutionException e) {
      throw new IllegalStateException("Expected offsets of " + group, e);
    }
  }

  /** Commits the end of the log, with this metadata. */
  public void commitEnd(String group, String metadata) throws InterruptedException {
    commitEnd(group, metadata, Topics.EVENTS);
    commitEnd(group + "-overflow", "", Topics.WEBHOOK_OVERFLOW);
  }

  private void commitEnd(String group, String metadata, Topic topic) throws InterruptedException {
    commit(group, metadata, ends(topic));
  }

  /** Where each partition of a topic ends now. */
  public Map<TopicPartition, Long> ends(Topic topic) throws InterruptedException {
    try {
      return admin
          .listOffsets(
              partitions(topic).stream()
                  .collect(Collectors.toMap(it -> it, _ -> OffsetSpec.latest())))
          .all()
          .get()
          .entrySet()
          .stream()
          .collect(Collectors.toMap(Map.Entry::getKey, end -> end.getValue().offset()));
    } catch (ExecutionException e) {
      throw new IllegalStateException("Expected the ends of " + topic.name(), e);
    }
  }

  /** Commits these offsets for a group that has no member. */
  public void commit(String group, String metadata, Map<TopicPartition, Long> offsets)
      throws InterruptedException {
    try {
      admin
          .alterConsumerGroupOffsets(
              group,
              offsets.entrySet().stream()
                  .collect(
                      Collectors.toMap(
                          Map.Entry::getKey,
                          offset -> new OffsetAndMetadata(offset.getValue(), metadata))))
          .all()
          .get();
    } catch (ExecutionException e) {
      throw new IllegalStateException("Expected to commit for " + group, e);
    }
  }

  @Override
  public void close() {
    admin.close();
    events.close();
    kafka.close();
  }

  private static List<TopicPartition> partitions(Topic topic) {
    return IntStream.range(0, topic.partitions())
        .mapToObj(partition -> new TopicPartition(topic.name(), partition))
        .toList();
  }
}
