package io.tallyman.api.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tallyman.api.rocksdb.OffsetIndex.Located;
import io.tallyman.api.views.Events;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.EventPosition;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobStatus;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On a real disk. */
class OffsetIndexIT {

  private static final JobId JOB = new JobId("job-1");
  private static final List<Located> EVENTS =
      List.of(
          new Located(Events.queued(JOB), new EventPosition(1, 10)),
          new Located(Events.started(JOB, 2), new EventPosition(1, 12)),
          new Located(Events.requeued(JOB, 3), new EventPosition(1, 15)));

  @TempDir private Path folder;

  @Test
  void shouldHaveAllWhenOpenedAgain() {
    // given
    try (var index = OffsetIndex.open(folder)) {
      assertThat(index.belongTo("log-1")).isFalse();
      index.apply(EVENTS.subList(0, 2), Map.of(1, 13L));
    }

    // when
    try (var index = OffsetIndex.open(folder)) {
      assertThat(index.belongTo("log-1")).isTrue();
      index.apply(EVENTS.subList(2, 3), Map.of(1, 16L));

      // then
      assertThat(index.next(1)).isEqualTo(16);
      assertThat(index.next(0)).isZero();
      var entry = index.find(JOB).orElseThrow();
      assertThat(entry.positions())
          .containsExactly(
              new EventPosition(1, 10), new EventPosition(1, 12), new EventPosition(1, 15));
      assertThat(entry.sequence()).isEqualTo(3);
      assertThat(entry.status()).isEqualTo(JobStatus.IN_QUEUE);
      var counts = index.counts(EndpointName.DEFAULT);
      assertThat(counts.in(JobStatus.IN_QUEUE)).isEqualTo(1);
      assertThat(counts.in(JobStatus.IN_PROGRESS)).isZero();
      assertThat(counts.retried()).isEqualTo(1);
    }
  }

  @Test
  void shouldCountNothingTwiceWhenReadAgain() {
    try (var index = OffsetIndex.open(folder)) {
      index.belongTo("log-1");
      index.apply(EVENTS, Map.of(1, 16L));
      index.apply(EVENTS, Map.of(1, 16L));

      assertThat(index.find(JOB).orElseThrow().positions()).hasSize(3);
      assertThat(index.counts(EndpointName.DEFAULT).in(JobStatus.IN_QUEUE)).isEqualTo(1);
      assertThat(index.counts(EndpointName.DEFAULT).retried()).isEqualTo(1);
    }
  }

  @Test
  void shouldBeginAnewForAnotherLog() {
    try (var index = OffsetIndex.open(folder)) {
      index.belongTo("log-1");
      index.apply(EVENTS, Map.of(1, 16L));

      assertThat(index.belongTo("log-2")).isFalse();

      assertThat(index.find(JOB)).isEmpty();
      assertThat(index.next(1)).isZero();
      assertThat(index.counts(EndpointName.DEFAULT).in(JobStatus.IN_QUEUE)).isZero();
    }
  }

  @Test
  void shouldSayWhatToDoWhenTwoUseOneFolder() {
    try (var _ = OffsetIndex.open(folder)) {
      assertThatThrownBy(() -> OffsetIndex.open(folder).close())
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("TALLY_DATA_DIR");
    }
  }

  @Test
  void shouldRefuseUseWhenClosed() {
    var index = OffsetIndex.open(folder);
    index.close();

    assertThatThrownBy(() -> index.find(JOB)).isInstanceOf(IllegalStateException.class);
  }
}
