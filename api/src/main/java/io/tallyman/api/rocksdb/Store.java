package io.tallyman.api.rocksdb;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;

/**
 * What an index of a topic stands on: entries, and with them, in the same write, where to read on.
 * So a crash between any two lines loses nothing and counts nothing twice. Thread-safe: one thread
 * writes, many find; the lock keeps all out of a store that was closed.
 */
final class Store implements AutoCloseable {

  private static final byte[] LOG_KEY = "log".getBytes(UTF_8);
  private static final byte[] FIRST_KEY = {};
  private static final byte[] LAST_KEY = {(byte) 0xff};

  private final Options options;
  private final WriteOptions writeOptions;
  private final RocksDB db;
  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
  private boolean isClosed;

  private Store(Options options, RocksDB db) {
    this.options = options;
    this.db = db;
    // No fsync per batch: after a power cut the tail of the log is read again.
    this.writeOptions = new WriteOptions();
  }

  /**
   * Opens a folder, and creates it when new.
   *
   * @param writeBuffer memory for what is not yet sorted into files, bytes
   * @throws IllegalStateException when another process has it open, or the folder is unreadable
   */
  static Store open(Path folder, long writeBuffer) {
    RocksDB.loadLibrary();
    var options =
        new Options().setCreateIfMissing(true).setKeepLogFileNum(2).setWriteBufferSize(writeBuffer);
    try {
      Files.createDirectories(folder);
      return new Store(options, RocksDB.open(options, folder.toString()));
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
   * Says what is indexed: when it is something else than before, the store is emptied.
   *
   * @return whether what was there is kept
   */
  boolean belongTo(String id) {
    return use(
        open -> {
          var known = open.get(LOG_KEY);
          if (known != null && new String(known, UTF_8).equals(id)) {
            return true;
          }
          open.deleteRange(FIRST_KEY, LAST_KEY);
          open.put(LOG_KEY, id.getBytes(UTF_8));
          return false;
        });
  }

  /** Where to read on in a partition; 0 when nothing of it was read. */
  long next(int partition) {
    return use(
        open -> {
          var bytes = open.get(partitionKey(partition));
          return bytes == null ? 0L : ByteBuffer.wrap(bytes).getLong();
        });
  }

  /** Writes a batch, and with it where to read on. Within {@link #use}. */
  void write(WriteBatch batch, Map<Integer, Long> next) throws RocksDBException {
    for (var entry : next.entrySet()) {
      batch.put(
          partitionKey(entry.getKey()),
          ByteBuffer.allocate(Long.BYTES).putLong(entry.getValue()).array());
    }
    db.write(writeOptions, batch);
  }

  /** Keeps {@link #close} out, and nobody else: readers and the one writer do not disturb. */
  <T> T use(Action<T> action) {
    lock.readLock().lock();
    try {
      if (isClosed) {
        throw new IllegalStateException("Expected an open index, but it was closed");
      }
      return action.run(db);
    } catch (RocksDBException e) {
      throw new IllegalStateException(
          "Expected to use the index on disk, but: " + e.getMessage(), e);
    } finally {
      lock.readLock().unlock();
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

  private static byte[] partitionKey(int partition) {
    return ("p" + partition).getBytes(UTF_8);
  }

  interface Action<T> {
    T run(RocksDB db) throws RocksDBException;
  }
}
