package io.tallyman.processor.topology;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.processor.Jobs;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.Topics.Topic;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobCommand;
import io.tallyman.schemas.json.MalformedMessage;
import io.tallyman.schemas.kafka.Records;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.test.TestRecord;
import org.jspecify.annotations.Nullable;

/**
 * The topology without Kafka, at {@link Jobs#T0}. What it writes to {@code job-commands} it reads
 * again, as with Kafka.
 */
final class TopologyDriver implements AutoCloseable {

  private static final String APPLICATION = "test";

  private final TopologyTestDriver driver;
  private final TestInputTopic<byte[], byte[]> commands;
  private final Map<String, TestOutputTopic<byte[], byte[]>> outputs = new HashMap<>();
  private int commandCount;

  TopologyDriver(Path folder) {
    var settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, APPLICATION);
    settings.put(StreamsConfig.STATE_DIR_CONFIG, folder.toString());
    driver =
        new TopologyTestDriver(
            JobTopology.build(Jobs.decider(), Set.of(EndpointName.DEFAULT)), settings, Jobs.T0);
    commands =
        driver.createInputTopic(
            Topics.COMMANDS.name(), new ByteArraySerializer(), new ByteArraySerializer());
  }

  /** Another one with the same stores, as after a restart; this one is closed. */
  TopologyDriver restarted(Path folder) {
    try (this) {
      var other = new TopologyDriver(folder);
      copy(jobs(), other.jobs());
      copy(deadlines(), other.deadlines());
      return other;
    }
  }

  private static <K> void copy(KeyValueStore<K, byte[]> from, KeyValueStore<K, byte[]> to) {
    try (var all = from.all()) {
      all.forEachRemaining(entry -> to.put(entry.key, entry.value));
    }
  }

  /** A record as it was read back. */
  record Read(String key, Object message, Map<String, String> headers, Instant time) {}

  /** Gives a command, at a time since T0; its {@code ce_id} is {@code command-<count>}. */
  void give(long seconds, JobCommand command) {
    give(Duration.ofSeconds(seconds), command);
  }

  void give(Duration since, JobCommand command) {
    var at = Jobs.T0.plus(since);
    var record =
        Records.of(
            Topics.COMMANDS,
            command.jobId().value(),
            command,
            "command-" + ++commandCount,
            "/test",
            at);
    giveRaw(record.key().getBytes(UTF_8), record.value(), record.headers(), at);
  }

  void giveRaw(byte @Nullable [] key, byte @Nullable [] value, Headers headers, Instant at) {
    commands.pipeInput(new TestRecord<>(key, value, new RecordHeaders(headers), at));
  }

  /** Lets the processor's own clock go on. */
  void wait(Duration time) {
    driver.advanceWallClockTime(time);
  }

  /** What came out on a topic since the last time. */
  List<Read> read(Topic topic) {
    return readRaw(topic).stream().map(TopologyDriver::decoded).toList();
  }

  List<Object> messages(Topic topic) {
    return read(topic).stream().map(Read::message).toList();
  }

  List<TestRecord<byte[], byte[]>> readRaw(Topic topic) {
    return outputs
        .computeIfAbsent(
            topic.name(),
            name ->
                driver.createOutputTopic(
                    name, new ByteArrayDeserializer(), new ByteArrayDeserializer()))
        .readRecordsToList();
  }

  KeyValueStore<String, byte[]> jobs() {
    return driver.getKeyValueStore(DeciderProcessor.JOBS);
  }

  KeyValueStore<Bytes, byte[]> deadlines() {
    return driver.getKeyValueStore(DeciderProcessor.DEADLINES);
  }

  /** Every store of the topology, by its name. */
  Map<String, KeyValueStore<?, ?>> stores() {
    var stores = new HashMap<String, KeyValueStore<?, ?>>();
    driver
        .getAllStateStores()
        .forEach((name, store) -> stores.put(name, (KeyValueStore<?, ?>) store));
    return stores;
  }

  /** The keys that compaction leaves in the changelog of a store. */
  Set<Bytes> compactedChangelog(String store) {
    var left = new HashSet<Bytes>();
    var changes =
        driver
            .createOutputTopic(
                "%s-%s-changelog".formatted(APPLICATION, store),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer())
            .readRecordsToList();
    assertThat(changes).as("the changelog of " + store).isNotEmpty();
    for (var change : changes) {
      if (change.value() == null) {
        left.remove(Bytes.wrap(change.key()));
      } else {
        left.add(Bytes.wrap(change.key()));
      }
    }
    return left;
  }

  /** How many entries a store has. */
  static int size(KeyValueStore<?, ?> store) {
    var size = 0;
    try (var all = store.all()) {
      while (all.hasNext()) {
        all.next();
        size++;
      }
    }
    return size;
  }

  static Map<String, String> texts(Headers headers) {
    var texts = new HashMap<String, String>();
    headers.forEach(header -> texts.put(header.key(), new String(header.value(), UTF_8)));
    return texts;
  }

  private static Read decoded(TestRecord<byte[], byte[]> record) {
    try {
      return new Read(
          new String(record.key(), UTF_8),
          Records.decode(Object.class, record.headers(), record.value()),
          texts(record.headers()),
          record.getRecordTime());
    } catch (MalformedMessage e) {
      throw new AssertionError("Expected a message, but: " + e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    driver.close();
  }
}
