package io.tallyman.processor.topology;

import static io.tallyman.processor.Jobs.T0;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.schemas.job.JobId;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DeadlinesTest {

  private static final int MANY = 100;

  private KeyValueStore<Bytes, byte[]> store;
  private Deadlines deadlines;

  @BeforeEach
  void open() {
    store =
        Stores.keyValueStoreBuilder(
                Stores.inMemoryKeyValueStore("deadlines"), Serdes.Bytes(), Serdes.ByteArray())
            .withLoggingDisabled()
            .build();
    store.init(new MockProcessorContext<>().getStateStoreContext(), store);
    deadlines = new Deadlines(store);
  }

  @AfterEach
  void close() {
    store.close();
  }

  @Test
  void shouldTakeTheEarliestFirst() {
    deadlines.set(at(30), job("a"));
    deadlines.set(at(10), job("b"));
    deadlines.set(at(20), job("c"));

    assertThat(deadlines.takeDue(at(30), MANY)).containsExactly(job("b"), job("c"), job("a"));
  }

  @Test
  void shouldTakeWhatIsDueAtThisMillisecondAndNothingLater() {
    deadlines.set(at(10), job("now"));
    deadlines.set(at(11), job("0"));
    deadlines.set(at(11), job("z"));

    assertThat(deadlines.takeDue(at(9), MANY)).isEmpty();
    assertThat(deadlines.takeDue(at(10), MANY)).containsExactly(job("now"));
    assertThat(deadlines.takeDue(at(11), MANY)).containsExactly(job("0"), job("z"));
  }

  @Test
  void shouldTakeEachOnce() {
    deadlines.set(at(10), job("a"));

    assertThat(deadlines.takeDue(at(10), MANY)).hasSize(1);
    assertThat(deadlines.takeDue(at(20), MANY)).isEmpty();
    assertThat(TopologyDriver.size(store)).isZero();
  }

  @Test
  void shouldTakeAtMostSoManyAndTheRestLater() {
    for (var i = 0; i < 5; i++) {
      deadlines.set(at(10), job("job-" + i));
    }

    assertThat(deadlines.takeDue(at(10), 2)).containsExactly(job("job-0"), job("job-1"));
    assertThat(deadlines.takeDue(at(10), 2)).containsExactly(job("job-2"), job("job-3"));
    assertThat(deadlines.takeDue(at(10), 2)).containsExactly(job("job-4"));
    assertThat(deadlines.takeDue(at(10), 2)).isEmpty();
  }

  @Test
  void shouldNotTakeWhatWasCleared() {
    deadlines.set(at(10), job("a"));
    deadlines.set(at(10), job("b"));
    deadlines.clear(at(10), job("a"));

    assertThat(deadlines.takeDue(at(10), MANY)).containsExactly(job("b"));
  }

  @Test
  void shouldFindAnEarlierOneWhenItIsSetAfterLaterOnesWereTaken() {
    deadlines.set(at(100), job("a"));
    deadlines.takeDue(at(100), MANY);

    deadlines.set(at(50), job("b"));

    assertThat(deadlines.takeDue(at(100), MANY)).containsExactly(job("b"));
  }

  @Test
  void shouldFindAnEarlierOneWhenTheLastTakeHitItsBound() {
    deadlines.set(at(100), job("a"));
    deadlines.set(at(100), job("b"));
    deadlines.takeDue(at(100), 1);

    deadlines.set(at(50), job("c"));

    assertThat(deadlines.takeDue(at(100), MANY)).containsExactly(job("c"), job("b"));
  }

  @Test
  void shouldTakeNothingWhenTheClockWasSetBack() {
    deadlines.set(at(200), job("a"));
    deadlines.takeDue(at(100), MANY);

    assertThat(deadlines.takeDue(at(50), MANY)).isEmpty();
    assertThat(deadlines.takeDue(at(200), MANY)).containsExactly(job("a"));
  }

  @Test
  void shouldFindWhatAnEarlierProcessSet() {
    deadlines.set(at(10), job("a"));

    assertThat(new Deadlines(store).takeDue(at(10), MANY)).containsExactly(job("a"));
  }

  @Test
  void shouldNameTheFirstDueOrNot() {
    assertThat(deadlines.first()).isEmpty();

    deadlines.set(at(20), job("b"));
    deadlines.set(at(10), job("a"));
    assertThat(deadlines.first()).contains(job("a"));
    assertThat(deadlines.takeDue(at(10), MANY)).containsExactly(job("a"));
    assertThat(deadlines.first()).contains(job("b"));
  }

  @Test
  void shouldNotScanOverWhatWasTakenBefore() {
    // given
    var scans = new ArrayList<Bytes>();
    var watched = new Deadlines(watching(scans));
    watched.set(at(100), job("a"));
    watched.set(at(2_000), job("b"));
    watched.takeDue(at(1_000), MANY);

    // when
    watched.takeDue(at(2_000), MANY);

    // then
    assertThat(scans).hasSize(2);
    assertThat(scans.getLast().get()).startsWith(millis(at(2_000)));
  }

  @Test
  void shouldNotScanAtAllBeforeTheFirstIsDue() {
    // given
    var scans = new ArrayList<Bytes>();
    var watched = new Deadlines(watching(scans));
    watched.set(at(2_000), job("a"));
    watched.takeDue(at(1_000), MANY);
    scans.clear();

    // when
    watched.takeDue(at(1_100), MANY);
    watched.takeDue(at(1_999), MANY);

    // then
    assertThat(scans).isEmpty();
  }

  /** The store, noting from where it is scanned. */
  @SuppressWarnings("unchecked") // A proxy of exactly this interface.
  private KeyValueStore<Bytes, byte[]> watching(List<Bytes> scans) {
    return (KeyValueStore<Bytes, byte[]>)
        Proxy.newProxyInstance(
            getClass().getClassLoader(),
            new Class<?>[] {KeyValueStore.class},
            (_, method, arguments) -> {
              if (method.getName().equals("range")) {
                scans.add((Bytes) arguments[0]);
              }
              return method.invoke(store, arguments);
            });
  }

  private static byte[] millis(Instant time) {
    return ByteBuffer.allocate(Long.BYTES).putLong(time.toEpochMilli()).array();
  }

  private static Instant at(long millis) {
    return T0.plusMillis(millis);
  }

  private static JobId job(String id) {
    return new JobId(id);
  }
}
