package io.tallyman.api.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.EventPosition;
import io.tallyman.schemas.job.JobStatus;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class IndexEntryTest {

  @Test
  void shouldReadWhatItWrote() {
    for (var positions :
        List.of(
            List.of(new EventPosition(0, 0)),
            List.of(
                new EventPosition(3, 5), new EventPosition(3, 6), new EventPosition(3, 1_000_000)),
            // A topic that got more partitions: the job's later events are elsewhere.
            List.of(new EventPosition(3, Long.MAX_VALUE / 2), new EventPosition(200, 7)))) {
      var entry =
          new IndexEntry(
              new EndpointName("some-endpoint"), JobStatus.TIMED_OUT, positions.size(), positions);

      assertThat(IndexEntry.decode(entry.encode())).isEqualTo(entry);
    }
  }

  @Test
  void shouldBeSmall() {
    var entry =
        new IndexEntry(
            EndpointName.DEFAULT,
            JobStatus.COMPLETED,
            3,
            List.of(
                new EventPosition(2, 100_000_000),
                new EventPosition(2, 100_000_040),
                new EventPosition(2, 100_004_000)));

    assertThat(entry.encode()).hasSizeLessThanOrEqualTo(24);
  }

  @Test
  void shouldKeepCounts() {
    var counts =
        EndpointCounts.NONE
            .moved(Optional.empty(), JobStatus.IN_QUEUE, false)
            .moved(Optional.empty(), JobStatus.IN_QUEUE, false)
            .moved(Optional.of(JobStatus.IN_QUEUE), JobStatus.IN_PROGRESS, false)
            .moved(Optional.of(JobStatus.IN_PROGRESS), JobStatus.IN_QUEUE, true)
            .moved(Optional.of(JobStatus.IN_QUEUE), JobStatus.FAILED, false);

    var read = EndpointCounts.decode(counts.encode());

    assertThat(read.in(JobStatus.IN_QUEUE)).isEqualTo(1);
    assertThat(read.in(JobStatus.IN_PROGRESS)).isZero();
    assertThat(read.in(JobStatus.FAILED)).isEqualTo(1);
    assertThat(read.retried()).isEqualTo(1);
  }
}
