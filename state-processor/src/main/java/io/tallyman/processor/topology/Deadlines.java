package io.tallyman.processor.topology;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.schemas.job.JobId;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Due times of jobs, in a store keyed by time and then job, so that what is due is a prefix of it:
 * finding it never walks over all jobs.
 */
final class Deadlines {

  private static final byte[] NOTHING = new byte[0];

  private final KeyValueStore<Bytes, byte[]> store;

  /**
   * No deadline is earlier, in ms. While it is later than now, there is nothing to look for; and a
   * scan begins here, or it would step over the tombstones of all that were taken before. After a
   * start it is not known, once.
   */
  private long earliest = Long.MIN_VALUE;

  Deadlines(KeyValueStore<Bytes, byte[]> store) {
    this.store = store;
  }

  void set(Instant due, JobId job) {
    earliest = Math.min(earliest, due.toEpochMilli());
    store.put(key(due.toEpochMilli(), job.value()), NOTHING);
  }

  void clear(Instant due, JobId job) {
    store.delete(key(due.toEpochMilli(), job.value()));
  }

  /** The job with the earliest deadline, due or not. */
  Optional<JobId> first() {
    try (var all = fromEarliest()) {
      earliest = millisOfNext(all);
      return all.hasNext() ? Optional.of(job(all.peekNextKey())) : Optional.empty();
    }
  }

  /** Removes and returns the jobs that are due, earliest first, at most so many. */
  List<JobId> takeDue(Instant now, int most) {
    if (earliest > now.toEpochMilli()) {
      return List.of();
    }
    var taken = new ArrayList<Bytes>();
    try (var all = fromEarliest()) {
      while (taken.size() < most && millisOfNext(all) <= now.toEpochMilli()) {
        taken.add(all.next().key);
      }
      earliest = millisOfNext(all);
    }
    taken.forEach(store::delete);
    return taken.stream().map(Deadlines::job).toList();
  }

  private KeyValueIterator<Bytes, byte[]> fromEarliest() {
    return store.range(key(Math.max(0, earliest), ""), null);
  }

  private static long millisOfNext(KeyValueIterator<Bytes, byte[]> entries) {
    return entries.hasNext() ? millis(entries.peekNextKey()) : Long.MAX_VALUE;
  }

  private static long millis(Bytes key) {
    return ByteBuffer.wrap(key.get()).getLong();
  }

  private static JobId job(Bytes key) {
    return new JobId(new String(key.get(), Long.BYTES, key.get().length - Long.BYTES, UTF_8));
  }

  /** Big-endian, so that byte order is time order. */
  private static Bytes key(long millis, String job) {
    var id = job.getBytes(UTF_8);
    return Bytes.wrap(ByteBuffer.allocate(Long.BYTES + id.length).putLong(millis).put(id).array());
  }
}
