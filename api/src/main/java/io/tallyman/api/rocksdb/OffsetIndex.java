package io.tallyman.api.rocksdb;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.EventPosition;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobEvent.JobRequeued;
import io.tallyman.schemas.job.JobId;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;

/**
 * For every job of the log: where its events are, and its newest state; per endpoint: how many jobs
 * are in each state; per partition: where to read on. One batch of events is one atomic write, the
 * read positions included, so that a crash between any two lines loses nothing and counts nothing
 * twice. A lost folder is rebuilt by reading the log again.
 *
 * <p>Keys: {@code j<job id>}, {@code c<endpoint>}, {@code p<partition>}, {@code log}. Thread-safe:
 * one thread applies, many find.
 */
public final class OffsetIndex implements AutoCloseable {

  /** Raised when the bytes of an entry change their meaning: an older folder is then rebuilt. */
  private static final String LAYOUT = "1/";

  /** Memory for what is not yet sorted into files; half a million events. */
  private static final long WRITE_BUFFER = 16L << 20;

  private final Store store;
  private final Map<EndpointName, EndpointCounts> counts = new ConcurrentHashMap<>();

  private OffsetIndex(Store store) {
    this.store = store;
  }

  /**
   * Opens the index of a folder, and creates it when new.
   *
   * @throws IllegalStateException when another process has it open, or the folder is unreadable
   */
  public static OffsetIndex open(Path folder) {
    return new OffsetIndex(Store.open(folder, WRITE_BUFFER));
  }

  /**
   * Says which log is indexed: when it is another one than before, the index starts anew.
   *
   * @param logId changes when the topic was created again
   * @return whether what was there is kept
   */
  public boolean belongTo(String logId) {
    var isKept = store.belongTo(LAYOUT + logId);
    counts.clear();
    readCounts();
    return isKept;
  }

  /** Where to read on in a partition; 0 when nothing of it was read. */
  public long next(int partition) {
    return store.next(partition);
  }

  /** What is known of a job; empty when none of its events was read yet. */
  public Optional<IndexEntry> find(JobId job) {
    return store.use(db -> Optional.ofNullable(db.get(jobKey(job))).map(IndexEntry::decode));
  }

  /** How many jobs of an endpoint are in each state. */
  public EndpointCounts counts(EndpointName endpoint) {
    return counts.getOrDefault(endpoint, EndpointCounts.NONE);
  }

  /**
   * Takes events in, all or none.
   *
   * @param events in the order of the log; one that was taken in before changes nothing
   * @param next per partition, where to read on afterwards
   */
  public void apply(List<Located> events, Map<Integer, Long> next) {
    store.use(
        db -> {
          var entries = new HashMap<JobId, IndexEntry>();
          var changed = new HashMap<EndpointName, EndpointCounts>();
          for (var located : events) {
            apply(db, located, entries, changed);
          }
          try (var batch = new WriteBatch()) {
            for (var entry : entries.entrySet()) {
              batch.put(jobKey(entry.getKey()), entry.getValue().encode());
            }
            for (var entry : changed.entrySet()) {
              batch.put(countsKey(entry.getKey()), entry.getValue().encode());
            }
            store.write(batch, next);
          }
          counts.putAll(changed);
          return true;
        });
  }

  private void apply(
      RocksDB db,
      Located located,
      Map<JobId, IndexEntry> entries,
      Map<EndpointName, EndpointCounts> changed)
      throws RocksDBException {
    var event = located.event;
    var job = event.meta().jobId();
    var before = entries.get(job);
    if (before == null) {
      var bytes = db.get(jobKey(job));
      before = bytes == null ? null : IndexEntry.decode(bytes);
    }
    if (before != null && before.sequence() >= event.meta().sequence()) {
      return;
    }
    entries.put(
        job,
        before == null
            ? IndexEntry.first(event, located.position)
            : before.and(event, located.position));
    var endpoint = event.meta().endpoint();
    var count = changed.getOrDefault(endpoint, counts(endpoint));
    changed.put(
        endpoint,
        count.moved(
            Optional.ofNullable(before).map(IndexEntry::status),
            event.status(),
            event instanceof JobRequeued));
  }

  private void readCounts() {
    store.use(
        db -> {
          try (var all = db.newIterator()) {
            for (all.seek(new byte[] {'c'}); all.isValid() && all.key()[0] == 'c'; all.next()) {
              var key = all.key();
              counts.put(
                  new EndpointName(new String(key, 1, key.length - 1, UTF_8)),
                  EndpointCounts.decode(all.value()));
            }
          }
          return true;
        });
  }

  @Override
  public void close() {
    store.close();
  }

  private static byte[] jobKey(JobId job) {
    return ("j" + job.value()).getBytes(UTF_8);
  }

  private static byte[] countsKey(EndpointName endpoint) {
    return ("c" + endpoint.value()).getBytes(UTF_8);
  }

  /** An event with the place where it was read. */
  public record Located(JobEvent event, EventPosition position) {}
}
