package io.tallyman.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.tallyman.chaos.history.FaultMark;
import io.tallyman.chaos.history.History;
import io.tallyman.chaos.history.LogRecord;
import io.tallyman.chaos.history.Progress;
import io.tallyman.chaos.history.RedisSighting;
import io.tallyman.chaos.history.Run;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class RecoveryTest {

  private static final long SECOND = 1_000_000;
  private static final String SUBMIT = "io.tallyman.command.submit.v1";

  private final List<FaultMark> faults = new ArrayList<>();
  private final List<Progress> progress = new ArrayList<>();
  private final List<RedisSighting> redis = new ArrayList<>();
  private final List<LogRecord> log = new ArrayList<>();

  @Test
  void shouldMeasureThePartitionThatStoodStillLongest() {
    // given: partition 0 goes on each second, partition 1 not from 10 s to 17 s
    work();
    for (var at = 1; at <= 30; at++) {
      events(at, 0);
      if (at <= 10 || at >= 17) {
        events(at, 1);
      }
    }
    fault("kill", "state-processor-1", 12, 15);

    // when, then: from the kill, not from the last event before it
    assertThat(Recovery.of(history(), progress))
        .singleElement()
        .satisfies(
            figure -> {
              assertThat(figure.standstill()).isEqualTo(OptionalLong.of(5 * SECOND));
              assertThat(figure.isKept()).isTrue();
            });
  }

  @Test
  void shouldLeaveOutWhatALaterFaultHeldUp() {
    // given: a pause that begins long after the first kill
    work();
    for (var at = 1; at <= 60; at++) {
      if (at <= 25 || at >= 45) {
        events(at, 0);
      }
    }
    fault("kill-leader", "broker-1", 10, 14);
    fault("kill-all-brokers", "broker-1 broker-2 broker-3", 25, 27);

    // when, then
    assertThat(Recovery.of(history(), progress))
        .extracting(Recovery.Figure::target, Recovery.Figure::standstill)
        .containsExactly(
            tuple("broker-1", OptionalLong.of(SECOND)),
            tuple("broker-1 broker-2 broker-3", OptionalLong.of(20 * SECOND)));
  }

  @Test
  void shouldLeaveOutAPartitionThatHadNothingMoreToDo() {
    // given: the load ends soon after the fault
    work();
    for (var at = 1; at <= 20; at++) {
      events(at, 0);
      if (at <= 9) {
        events(at, 1);
      }
    }
    fault("kill-leader", "broker-1", 10, 14);

    // when, then
    assertThat(Recovery.of(history(), progress))
        .extracting(Recovery.Figure::standstill)
        .containsExactly(OptionalLong.of(SECOND));
  }

  @Test
  void shouldNotCallRecoveredWhatNeverWentOn() {
    // given
    work();
    events(1, 0);
    fault("kill-leader", "broker-2", 10, 14);

    // when, then
    assertThat(Recovery.of(history(), progress))
        .singleElement()
        .satisfies(
            figure -> {
              assertThat(figure.standstill()).isEmpty();
              assertThat(figure.isKept()).isFalse();
              assertThat(figure.time()).isEqualTo("never");
            });
  }

  @Test
  void shouldCallTheMirrorWholeWhenTheLastKeyIsBack() {
    // given
    sighting(8, "job:a");
    sighting(8, "job:b");
    sighting(12, "job:a");
    sighting(14, "job:c");
    sighting(15, "job:b");
    fault("redis-flush", "redis", 10, 11);

    // when, then
    assertThat(Recovery.of(history(), progress))
        .singleElement()
        .satisfies(
            figure -> assertThat(figure.standstill()).isEqualTo(OptionalLong.of(5 * SECOND)));
  }

  @Test
  void shouldCountFromTheFirstCommandThatWaited() {
    // given: partition 1 had nothing to do from 12 s on, and is given a command at 25 s
    for (var at = 1; at <= 40; at++) {
      command(at, 0, SUBMIT);
      events(at, 0);
    }
    events(11, 1);
    command(25, 1, SUBMIT);
    events(29, 1);
    fault("kill", "state-processor-1", 10, 13);

    // when, then
    assertThat(Recovery.of(history(), progress))
        .extracting(Recovery.Figure::standstill)
        .containsExactly(OptionalLong.of(4 * SECOND));
  }

  @Test
  void shouldNotWaitForAnEventOfARenewedLease() {
    // given
    for (var at = 1; at <= 40; at++) {
      command(at, 0, SUBMIT);
      events(at, 0);
    }
    events(11, 1);
    command(12, 1, "io.tallyman.command.renew.v1");
    events(29, 1);
    fault("kill", "state-processor-1", 10, 13);

    // when, then
    assertThat(Recovery.of(history(), progress))
        .extracting(Recovery.Figure::standstill)
        .containsExactly(OptionalLong.of(SECOND));
  }

  /** There is always something to do. */
  private void work() {
    for (var second = 0; second <= 60; second++) {
      command(second, 0, SUBMIT);
      command(second, 1, SUBMIT);
    }
  }

  private void command(long second, int partition, String type) {
    log.add(
        new LogRecord(
            "job-commands",
            partition,
            log.size(),
            second * 1_000,
            "job",
            Map.of("ce_type", type),
            "{}"));
  }

  private void events(long second, int partition) {
    progress.add(new Progress(second * SECOND, "job-events", partition, 1, 0));
  }

  private void sighting(long second, String key) {
    redis.add(new RedisSighting(second * SECOND, key, 1, "{}", 1_000, false));
  }

  private void fault(String fault, String target, long from, long to) {
    faults.add(new FaultMark(from * SECOND, fault, target, true, ""));
    faults.add(new FaultMark(to * SECOND, fault, target, false, ""));
  }

  private History history() {
    var run =
        new Run(
            1, "smoke", 1, 2, 3, 4, 6_000, 3, 3, 200, "whsec_x", List.of(), List.of(), List.of());
    return new History(run, List.of(), log, List.of(), List.of(), redis, faults, List.of());
  }
}
