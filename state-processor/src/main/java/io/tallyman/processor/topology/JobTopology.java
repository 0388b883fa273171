package io.tallyman.processor.topology;

import io.tallyman.processor.domain.JobDecider;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.job.EndpointName;
import java.util.Collection;
import java.util.Map;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * Which record goes where: {@code job-commands} → decider → events, rejections, dispatch, control,
 * dead letters, and due timers back to {@code job-commands}.
 */
public final class JobTopology {

  static final String EVENTS = "events";
  static final String REJECTIONS = "rejections";
  static final String CONTROL = "control";
  static final String TIMERS = "timers";
  static final String DEAD_LETTERS = "dead-letters";
  private static final String COMMANDS = "commands";
  private static final String DECIDER = "decider";

  /** A state holds a job's input, so a changelog record may be as large as a command. */
  private static final Map<String, String> CHANGELOG =
      Map.of(
          "max.message.bytes", Integer.toString(Topics.MAX_RECORD_BYTES),
          // A broker whose clock is set back would refuse what it stamped itself.
          "message.timestamp.after.max.ms", Long.toString(Long.MAX_VALUE),
          // Most keys live for seconds: compact often, in small segments.
          "min.cleanable.dirty.ratio", "0.1",
          "segment.bytes", Integer.toString(64 << 20));

  private JobTopology() {}

  /**
   * The topology.
   *
   * @param endpoints those that are served; each has two dispatch topics
   */
  public static Topology build(JobDecider decider, Collection<EndpointName> endpoints) {
    var topology =
        new Topology()
            .addSource(
                COMMANDS,
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer(),
                Topics.COMMANDS.name())
            .addProcessor(DECIDER, () -> new DeciderProcessor(decider), COMMANDS)
            .addStateStore(store(DeciderProcessor.JOBS, Serdes.String()), DECIDER)
            .addStateStore(store(DeciderProcessor.DEADLINES, Serdes.Bytes()), DECIDER);
    sink(topology, EVENTS, Topics.EVENTS);
    sink(topology, REJECTIONS, Topics.REJECTIONS);
    sink(topology, CONTROL, Topics.CONTROL);
    sink(topology, TIMERS, Topics.COMMANDS);
    sink(topology, DEAD_LETTERS, Topics.DEAD_LETTERS);
    for (var endpoint : endpoints) {
      for (var lowPriority : new boolean[] {false, true}) {
        sink(topology, dispatch(endpoint, lowPriority), Topics.dispatch(endpoint, lowPriority));
      }
    }
    return topology;
  }

  /** The sink of an endpoint's attempts. */
  static String dispatch(EndpointName endpoint, boolean lowPriority) {
    return Topics.dispatch(endpoint, lowPriority).name();
  }

  private static void sink(Topology topology, String name, Topics.Topic topic) {
    topology.addSink(
        name, topic.name(), new ByteArraySerializer(), new ByteArraySerializer(), DECIDER);
  }

  private static <K> StoreBuilder<?> store(String name, Serde<K> key) {
    return Stores.keyValueStoreBuilder(
            Stores.persistentKeyValueStore(name), key, Serdes.ByteArray())
        .withLoggingEnabled(CHANGELOG)
        .withCachingDisabled();
  }
}
