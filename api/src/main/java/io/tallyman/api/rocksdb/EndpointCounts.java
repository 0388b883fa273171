package io.tallyman.api.rocksdb;

import io.tallyman.schemas.job.JobStatus;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.EnumMap;
import java.util.Optional;

/** How many jobs of an endpoint are in each state, over the whole log. Immutable. */
public final class EndpointCounts {

  /** No job yet. */
  public static final EndpointCounts NONE = new EndpointCounts(new EnumMap<>(JobStatus.class), 0);

  private final EnumMap<JobStatus, Long> byStatus;
  private final long retried;

  private EndpointCounts(EnumMap<JobStatus, Long> byStatus, long retried) {
    this.byStatus = byStatus;
    this.retried = retried;
  }

  /** Jobs in this state. */
  public long in(JobStatus status) {
    return byStatus.getOrDefault(status, 0L);
  }

  /** How often a job was queued again. */
  public long retried() {
    return retried;
  }

  EndpointCounts moved(Optional<JobStatus> from, JobStatus to, boolean isRetry) {
    var moved = byStatus.clone();
    from.ifPresent(status -> moved.merge(status, -1L, Long::sum));
    moved.merge(to, 1L, Long::sum);
    return new EndpointCounts(moved, isRetry ? retried + 1 : retried);
  }

  byte[] encode() {
    var out = new ByteArrayOutputStream(16);
    IndexEntry.writeNumber(out, retried);
    for (var status : IndexEntry.STATUSES) {
      IndexEntry.writeNumber(out, in(status));
    }
    return out.toByteArray();
  }

  static EndpointCounts decode(byte[] bytes) {
    var in = ByteBuffer.wrap(bytes);
    var retried = IndexEntry.readNumber(in);
    var byStatus = new EnumMap<JobStatus, Long>(JobStatus.class);
    for (var status : IndexEntry.STATUSES) {
      byStatus.put(status, IndexEntry.readNumber(in));
    }
    return new EndpointCounts(byStatus, retried);
  }
}
