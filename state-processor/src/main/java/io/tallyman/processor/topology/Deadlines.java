package io.tallyman.processor.topology;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.schemas.job.JobId;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Due times of jobs, in a store keyed by time and then job, so that what is due is a prefix of it:
 * finding it never walks over all jobs.
 */
final class Deadlines {

  private static final byte[] NOTHING = new byte[0];

  private final KeyValueStore<Bytes, byte[]> store;

  /**
   * Nothing is stored before it. Without this bound a scan would step over the tombstones of all
   * that fired before: 43 ms in place of 0.5 ms after 200,000. After a start it is 0, once.
   */
  private long lowest;

  Deadlines(KeyValueStore<Bytes, byte[]> store) {
    this.store = store;
  }

  void set(Instant due, JobId job) {
    lowest = Math.min(lowest, due.toEpochMilli());
    store.put(key(due.toEpochMilli(), job.value()), NOTHING);
  }

  void clear(Instant due, JobId job) {
    store.delete(key(due.toEpochMilli(), job.value()));
  }

  /** Removes and returns the jobs that are due, earliest first, at most so many. */
  List<JobId> takeDue(Instant now, int most) {
    var taken = new ArrayList<Bytes>();
    try (var due = store.range(key(lowest, ""), key(now.toEpochMilli() + 1, ""))) {
      while (taken.size() < most && due.hasNext()) {
        taken.add(due.next().key);
      }
    }
    lowest =
        taken.size() < most ? now.toEpochMilli() : ByteBuffer.wrap(taken.getLast().get()).getLong();
    taken.forEach(store::delete);
    return taken.stream()
        .map(
            key ->
                new JobId(new String(key.get(), Long.BYTES, key.get().length - Long.BYTES, UTF_8)))
        .toList();
  }

  /** Big-endian, so that byte order is time order. */
  private static Bytes key(long millis, String job) {
    var id = job.getBytes(UTF_8);
    return Bytes.wrap(ByteBuffer.allocate(Long.BYTES + id.length).putLong(millis).put(id).array());
  }
}
