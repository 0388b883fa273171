package io.tallyman.webhooks.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OffsetTrackerTest {

  @Test
  void shouldHoldTheWatermarkAtTheFirstOpenOffset() {
    // given
    var tracker = OffsetTracker.startingAt(10);
    for (var offset = 10; offset < 15; offset++) {
      assertThat(tracker.begin(offset)).isTrue();
    }

    // when
    tracker.finish(10);
    tracker.finish(12);
    tracker.finish(13);

    // then
    assertThat(tracker.watermark()).isEqualTo(11);
    tracker.finish(11);
    assertThat(tracker.watermark()).isEqualTo(14);
    tracker.finish(14);
    assertThat(tracker.watermark()).isEqualTo(15);
    assertThat(tracker.metadata()).isEmpty();
  }

  @Test
  void shouldPassOffsetsThatNeverCome() {
    // given
    var tracker = OffsetTracker.startingAt(0);

    // when: a log that begins at 1,000, has a hole, and ends with a transaction marker
    tracker.begin(1_000);
    tracker.begin(1_005);
    tracker.advance(1_007);

    // then
    assertThat(tracker.watermark()).isEqualTo(1_000);
    tracker.finish(1_000);
    assertThat(tracker.watermark()).isEqualTo(1_005);
    tracker.finish(1_005);
    assertThat(tracker.watermark()).isEqualTo(1_007);
  }

  @Test
  void shouldRefuseAnOffsetThatCameBefore() {
    // given
    var tracker = OffsetTracker.startingAt(0);
    tracker.begin(3);

    // when, then
    assertThatThrownBy(() -> tracker.begin(3)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void shouldDeliverOnlyWhatWasOpenWhenRestored() {
    // given
    var before = OffsetTracker.startingAt(100);
    for (var offset = 100; offset < 110; offset++) {
      before.begin(offset);
    }
    for (var done : new int[] {101, 102, 105, 109}) {
      before.finish(done);
    }

    // when
    var after = restored(before);

    // then
    assertThat(open(after, 100, 115))
        .containsExactly(100L, 103L, 104L, 106L, 107L, 108L, 110L, 111L, 112L, 113L, 114L);
  }

  @Test
  void shouldKeepWhatItRestoredUntilItComes() {
    // given: two crashes, the second before anything was read again
    var first = OffsetTracker.startingAt(0);
    for (var offset = 0; offset < 6; offset++) {
      first.begin(offset);
    }
    first.finish(1);
    first.finish(4);
    var second = restored(first);
    second.begin(0);
    second.finish(0);

    // when
    var third = restored(second);

    // then
    assertThat(second.watermark()).isEqualTo(1);
    assertThat(open(third, 1, 7)).containsExactly(2L, 3L, 5L, 6L);
  }

  @Test
  void shouldLeaveOutWhatDoesNotFitIntoTheMetadata() {
    // given: every second of 60,000 is done
    var tracker = OffsetTracker.startingAt(0);
    for (var offset = 0; offset < 60_000; offset++) {
      tracker.begin(offset);
    }
    for (var offset = 1; offset < 60_000; offset += 2) {
      tracker.finish(offset);
    }

    // when
    var metadata = tracker.metadata();
    var after = OffsetTracker.restore(tracker.watermark(), metadata).orElseThrow();

    // then: within the limit, the lower part is kept, and nothing open is taken for done
    assertThat(metadata.length()).isBetween(3_000, OffsetTracker.MAX_METADATA);
    var open = new HashSet<>(open(after, 0, 60_000));
    assertThat(open).hasSizeBetween(30_000, 59_000);
    assertThat(LongStream.range(0, 30_000).map(i -> 2 * i).allMatch(open::contains)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "x",
        "foreign metadata",
        "tally1:",
        "tally1:%%%",
        "tally1:gA",
        "tally1:KgE",
        "tally1:KgEA",
        "tally2:KgEB",
        "tally1:KwEB",
        "tally1:Kv___________38",
      })
  void shouldRefuseMetadataThatIsNotItsOwn(String metadata) {
    assertThat(OffsetTracker.restore(42, metadata)).isEmpty();
  }

  @Test
  void shouldReadItsOwnFormForEver() {
    // given: watermark 42, then one open and two done
    var tracker = OffsetTracker.startingAt(42);
    for (var offset = 42; offset < 45; offset++) {
      tracker.begin(offset);
    }
    tracker.finish(43);
    tracker.finish(44);

    // when, then: a later version must still read this
    assertThat(tracker.metadata()).isEqualTo("tally1:KgEC");
  }

  /**
   * A log with holes, completions in random order, commits at random moments, crashes that fall
   * back to the last commit. Nothing may be lost, and after a crash nothing that the commit knew to
   * be done comes again.
   */
  @Test
  void shouldLoseNothingWhateverEndsWhenAndWhereverItCrashes() {
    for (var seed = 0; seed < 100; seed++) {
      new Crashes(new Random(seed)).run();
    }
  }

  private static final class Crashes {
    private final Random random;
    private final List<Long> log = new ArrayList<>();
    private final Map<Long, Integer> told = new HashMap<>();

    private OffsetTracker tracker = OffsetTracker.startingAt(0);
    private long committed;
    private String metadata = "";
    private Set<Long> knownDone = new HashSet<>();
    private Set<Long> doneNow = new HashSet<>();
    private final List<Long> inFlight = new ArrayList<>();
    private int position;

    Crashes(Random random) {
      this.random = random;
      var offset = (long) random.nextInt(5);
      for (var i = 0; i < 120; i++) {
        log.add(offset);
        offset += random.nextInt(10) == 0 ? 1 + random.nextInt(4) : 1;
      }
    }

    void run() {
      for (var step = 0; step < 2_000; step++) {
        switch (random.nextInt(20)) {
          case 0 -> commit();
          case 1 -> crash();
          case 2, 3, 4, 5, 6, 7, 8 -> read();
          default -> finishOne();
        }
      }
      while (position < log.size() || !inFlight.isEmpty()) {
        read();
        finishOne();
      }
      commit();
      assertThat(told.keySet()).containsExactlyInAnyOrderElementsOf(log);
      assertThat(committed).isGreaterThan(log.getLast());
    }

    private void read() {
      if (position == log.size()) {
        return;
      }
      var offset = log.get(position++);
      if (tracker.begin(offset)) {
        assertThat(knownDone.contains(offset)).as("told again: %d", offset).isFalse();
        inFlight.add(offset);
      } else {
        assertThat(knownDone.contains(offset)).as("lost: %d", offset).isTrue();
      }
    }

    private void finishOne() {
      if (inFlight.isEmpty()) {
        return;
      }
      var offset = inFlight.remove(random.nextInt(inFlight.size()));
      told.merge(offset, 1, Integer::sum);
      doneNow.add(offset);
      tracker.finish(offset);
    }

    private void commit() {
      committed = tracker.watermark();
      metadata = tracker.metadata();
      knownDone = new HashSet<>(doneNow);
      // Everything below the watermark is done.
      assertThat(inFlight.stream().allMatch(offset -> offset >= committed)).isTrue();
    }

    private void crash() {
      tracker = OffsetTracker.restore(committed, metadata).orElseThrow();
      doneNow = new HashSet<>(knownDone);
      inFlight.clear();
      position = 0;
      while (position < log.size() && log.get(position) < committed) {
        position++;
      }
    }
  }

  private static OffsetTracker restored(OffsetTracker tracker) {
    return OffsetTracker.restore(tracker.watermark(), tracker.metadata()).orElseThrow();
  }

  private static List<Long> open(OffsetTracker tracker, long from, long to) {
    var open = new ArrayList<Long>();
    for (var offset = from; offset < to; offset++) {
      if (tracker.begin(offset)) {
        open.add(offset);
      }
    }
    return open;
  }
}
