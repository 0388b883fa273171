package io.tallyman.api.rocksdb;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.schemas.job.EventPosition;
import io.tallyman.schemas.job.JobId;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.rocksdb.WriteBatch;

/**
 * For every job: where its webhook requests are on {@code webhook-attempts}. What Kafka has deleted
 * since stays in the index, some 60 bytes each. A lost folder is rebuilt by reading the topic
 * again.
 *
 * <p>Keys: {@code a<job id> 0 <partition><offset>} with nothing behind them, {@code p<partition>},
 * {@code log}. Thread-safe.
 */
public final class AttemptIndex implements AutoCloseable {

  /** Raised when keys change their meaning: an older folder is then rebuilt. */
  private static final String LAYOUT = "1/";

  private static final byte[] NOTHING = {};

  /** Memory for what is not yet sorted into files. */
  private static final long WRITE_BUFFER = 4L << 20;

  /** Newest requests of one job that are shown; more than any job has whose rules are sane. */
  public static final int MAX_SHOWN = 1_000;

  private final Store store;

  private AttemptIndex(Store store) {
    this.store = store;
  }

  /**
   * Opens the index of a folder, and creates it when new.
   *
   * @throws IllegalStateException when another process has it open, or the folder is unreadable
   */
  public static AttemptIndex open(Path folder) {
    return new AttemptIndex(Store.open(folder, WRITE_BUFFER));
  }

  /**
   * Says which topic is indexed: when it is another one than before, the index starts anew.
   *
   * @param topicId changes when the topic was created again
   */
  public void belongTo(String topicId) {
    store.belongTo(LAYOUT + topicId);
  }

  /** Where to read on in a partition; 0 when nothing of it was read. */
  public long next(int partition) {
    return store.next(partition);
  }

  /** Takes requests in, all or none. */
  public void apply(List<Located> attempts, Map<Integer, Long> next) {
    store.use(
        db -> {
          try (var batch = new WriteBatch()) {
            for (var attempt : attempts) {
              batch.put(key(attempt), NOTHING);
            }
            store.write(batch, next);
          }
          return true;
        });
  }

  /** Where the requests of a job are, oldest first; at most the newest {@link #MAX_SHOWN}. */
  public List<EventPosition> find(JobId job) {
    var prefix = prefix(job.value());
    return store.use(
        db -> {
          var found = new ArrayList<EventPosition>();
          try (var all = db.newIterator()) {
            for (all.seek(prefix); all.isValid() && isOf(prefix, all.key()); all.next()) {
              var numbers = ByteBuffer.wrap(all.key(), prefix.length, Integer.BYTES + Long.BYTES);
              found.add(new EventPosition(numbers.getInt(), numbers.getLong()));
            }
          }
          return List.copyOf(found.subList(Math.max(0, found.size() - MAX_SHOWN), found.size()));
        });
  }

  @Override
  public void close() {
    store.close();
  }

  private static boolean isOf(byte[] prefix, byte[] key) {
    return key.length == prefix.length + Integer.BYTES + Long.BYTES
        && Arrays.equals(prefix, 0, prefix.length, key, 0, prefix.length);
  }

  private static byte[] key(Located attempt) {
    var prefix = prefix(attempt.key());
    return ByteBuffer.allocate(prefix.length + Integer.BYTES + Long.BYTES)
        .put(prefix)
        .putInt(attempt.position().partition())
        .putLong(attempt.position().offset())
        .array();
  }

  private static byte[] prefix(String key) {
    return ("a" + key + "\0").getBytes(UTF_8);
  }

  /**
   * A request, and where it is.
   *
   * @param key of its record: the job's id
   */
  public record Located(String key, EventPosition position) {}
}
