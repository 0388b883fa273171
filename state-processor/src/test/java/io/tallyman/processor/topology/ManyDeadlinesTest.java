package io.tallyman.processor.topology;

import static io.tallyman.processor.Jobs.T0;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.schemas.job.JobId;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.processor.TaskId;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a tick costs in the real store, with a million jobs pending, and after a million. */
class ManyDeadlinesTest {

  private static final int MANY = 1_000_000;
  private static final int PER_TICK = DeciderProcessor.DUE_PER_TICK;

  /** A scan over all would take a second. */
  private static final Duration NO_SCAN = Duration.ofMillis(20);

  @TempDir Path folder;

  private KeyValueStore<Bytes, byte[]> store;
  private Deadlines deadlines;

  @BeforeEach
  void open() {
    store =
        Stores.keyValueStoreBuilder(
                Stores.persistentKeyValueStore("deadlines"), Serdes.Bytes(), Serdes.ByteArray())
            .withLoggingDisabled()
            .build();
    var settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "test");
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "none:1");
    var context = new MockProcessorContext<Void, Void>(settings, new TaskId(0, 0), folder.toFile());
    store.init(context.getStateStoreContext(), store);
    deadlines = new Deadlines(store);
  }

  @AfterEach
  void close() {
    store.close();
  }

  @Test
  void shouldCostNoScanWithAMillionPendingNorAfterAMillionWereTaken() {
    // given one per millisecond
    for (var i = 0; i < MANY; i++) {
      deadlines.set(T0.plusMillis(i), new JobId("01a21328-1c9e-72d4-b24c-" + (i + MANY)));
    }

    // then
    var first = tick(T0.minusMillis(1), 0);
    var nothingDue = tick(T0.minusMillis(1), 0);
    var due = tick(T0.plusMillis(PER_TICK - 1), PER_TICK);
    var end = T0.plusMillis(MANY);
    for (var taken = PER_TICK; taken < MANY; taken += PER_TICK) {
      tick(end, PER_TICK);
    }
    deadlines.set(end.plusSeconds(1), new JobId("last"));
    var afterAll = tick(end, 0);
    var oneAfterAll = tick(end.plusSeconds(1), 1);
    deadlines = new Deadlines(store);
    var afterARestart = tick(end.plusSeconds(2), 0);

    // then
    System.out.printf(
        "a tick with %,d pending: the first %s, nothing due %s, %,d due %s; after all were taken:"
            + " nothing due %s, one due %s; the first after a restart %s%n",
        MANY, first, nothingDue, PER_TICK, due, afterAll, oneAfterAll, afterARestart);
    assertThat(nothingDue).isLessThan(NO_SCAN);
    assertThat(afterAll).isLessThan(NO_SCAN);
    assertThat(oneAfterAll).isLessThan(NO_SCAN);
    assertThat(due).isLessThan(NO_SCAN.multipliedBy(10));
  }

  private Duration tick(Instant now, int expected) {
    var began = System.nanoTime();
    var taken = deadlines.takeDue(now, PER_TICK);
    var time = Duration.ofNanos(System.nanoTime() - began);
    assertThat(taken).hasSize(expected);
    return time;
  }
}
