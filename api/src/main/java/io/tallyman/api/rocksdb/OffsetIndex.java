package io.tallyman.api.rocksdb;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.EventPosition;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobEvent.JobRequeued;
import io.tallyman.schemas.job.JobId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;

/**
 * For every job of the log: where its events are, and its newest state; per endpoint: how many jobs
 * are in each state; per partition: where to read on. One batch of events is one atomic write, the
 * read positions included, so that a crash between any two lines loses nothing and counts nothing
 * twice. A lost folder is rebuilt by reading the log again.
 *
 * <p>Keys: {@code j<job id>}, {@code c<endpoint>}, {@code p<partition>}, {@code log}. Thread-safe:
 * one thread applies, many find; the lock keeps all out of a store that was closed.
 */
public final class OffsetIndex implements AutoCloseable {

  /** Raised when the bytes of an entry change their meaning: an older folder is then rebuilt. */
  private static final String LAYOUT = "1/";

  private static final byte[] LOG_KEY = "log".getBytes(UTF_8);
  private static final byte[] FIRST_KEY = {};
  private static final byte[] LAST_KEY = {(byte) 0xff};

  /** Memory for what is not yet sorted into files; half a million events. */
  private static final long WRITE_BUFFER = 16L << 20;

  private final Options options;
  private final WriteOptions writeOptions;
  private final RocksDB db;
  private final Map<EndpointName, EndpointCounts> counts = new ConcurrentHashMap<>();
  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
  private boolean isClosed;

  private OffsetIndex(Options options, RocksDB db) {
    this.options = options;
    this.db = db;
    // No fsync per batch: after a power cut the tail of the log is read again.
    this.writeOptions = new WriteOptions();
  }

  /**
   * Opens the index of a folder, and creates it when new.
   *
   * @throws IllegalStateException when another process has it open, or the folder is unreadable
   */
  public static OffsetIndex open(Path folder) {
    RocksDB.loadLibrary();
    var options =
        new Options()
            .setCreateIfMissing(true)
            .setKeepLogFileNum(2)
            .setWriteBufferSize(WRITE_BUFFER);
    try {
      Files.createDirectories(folder);
      return new OffsetIndex(options, RocksDB.open(options, folder.toString()));
    } catch (IOException e) {
      options.close();
      throw new UncheckedIOException("Expected to make the folder " + folder, e);
    } catch (RocksDBException e) {
      options.close();
      throw new IllegalStateException(
          ("Expected to open the index in %s, but: %s. If another api runs on this folder, give"
                  + " this one its own TALLY_DATA_DIR; if the folder is damaged, delete it: it is"
                  + " rebuilt from the log")
              .formatted(folder, e.getMessage()),
          e);
    }
  }

  /**
   * Says which log is indexed: when it is another one than before, the index starts anew.
   *
   * @param logId changes when the topic was created again
   * @return whether what was there is kept
   */
  public boolean belongTo(String logId) {
    return use(
        () -> {
          var id = LAYOUT + logId;
          var known = db.get(LOG_KEY);
          if (known != null && new String(known, UTF_8).equals(id)) {
            readCounts();
            return true;
          }
          db.deleteRange(FIRST_KEY, LAST_KEY);
          db.put(LOG_KEY, id.getBytes(UTF_8));
          counts.clear();
          return false;
        });
  }

  /** Where to read on in a partition; 0 when nothing of it was read. */
  public long next(int partition) {
    return use(
        () -> {
          var bytes = db.get(partitionKey(partition));
          return bytes == null ? 0L : ByteBuffer.wrap(bytes).getLong();
        });
  }

  /** What is known of a job; empty when none of its events was read yet. */
  public Optional<IndexEntry> find(JobId job) {
    return use(() -> Optional.ofNullable(db.get(jobKey(job))).map(IndexEntry::decode));
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
    use(
        () -> {
          var entries = new HashMap<JobId, IndexEntry>();
          var changed = new HashMap<EndpointName, EndpointCounts>();
          for (var located : events) {
            apply(located, entries, changed);
          }
          try (var batch = new WriteBatch()) {
            for (var entry : entries.entrySet()) {
              batch.put(jobKey(entry.getKey()), entry.getValue().encode());
            }
            for (var entry : changed.entrySet()) {
              batch.put(countsKey(entry.getKey()), entry.getValue().encode());
            }
            for (var entry : next.entrySet()) {
              batch.put(
                  partitionKey(entry.getKey()),
                  ByteBuffer.allocate(Long.BYTES).putLong(entry.getValue()).array());
            }
            db.write(writeOptions, batch);
          }
          counts.putAll(changed);
          return true;
        });
  }

  private void apply(
      Located located, Map<JobId, IndexEntry> entries, Map<EndpointName, EndpointCounts> changed)
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
    counts.clear();
    try (var all = db.newIterator()) {
      for (all.seek(new byte[] {'c'}); all.isValid() && all.key()[0] == 'c'; all.next()) {
        var key = all.key();
        counts.put(
            new EndpointName(new String(key, 1, key.length - 1, UTF_8)),
            EndpointCounts.decode(all.value()));
      }
    }
  }

  @Override
  public void close() {
    lock.writeLock().lock();
    try {
      if (!isClosed) {
        isClosed = true;
        db.close();
        writeOptions.close();
        options.close();
      }
    } finally {
      lock.writeLock().unlock();
    }
  }

  private static byte[] jobKey(JobId job) {
    return ("j" + job.value()).getBytes(UTF_8);
  }

  private static byte[] countsKey(EndpointName endpoint) {
    return ("c" + endpoint.value()).getBytes(UTF_8);
  }

  private static byte[] partitionKey(int partition) {
    return ("p" + partition).getBytes(UTF_8);
  }

  /** Keeps {@link #close} out, and nobody else: readers and the one writer do not disturb. */
  private <T> T use(Action<T> action) {
    lock.readLock().lock();
    try {
      if (isClosed) {
        throw new IllegalStateException("Expected an open index, but it was closed");
      }
      return action.run();
    } catch (RocksDBException e) {
      throw new IllegalStateException(
          "Expected to use the index on disk, but: " + e.getMessage(), e);
    } finally {
      lock.readLock().unlock();
    }
  }

  private interface Action<T> {
    T run() throws RocksDBException;
  }

  /** An event with the place where it was read. */
  public record Located(JobEvent event, EventPosition position) {}
}
