package io.tallyman.webhooks.kafka;

import java.io.ByteArrayOutputStream;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.SequencedSet;

/**
 * Which offsets of a partition are done. Committed is the <i>watermark</i>, the first that is not;
 * what is done above it goes into the metadata of the commit, so that after a crash only what was
 * open is delivered again. Offsets that never came (transaction markers, compacted records) are
 * nobody's, hence done.
 *
 * <p>It holds the open offsets alone, which {@code Backlog} bounds. Not thread-safe: it belongs to
 * the thread that polls.
 */
final class OffsetTracker {

  /** The broker refuses metadata of more than 4,096 bytes ({@code offset.metadata.max.bytes}). */
  static final int MAX_METADATA = 4_000;

  /** Tells our metadata from anybody else's, and this form of it from later ones. */
  private static final String FORM = "tally1:";

  private static final int MAX_RUN_BYTES = (MAX_METADATA - FORM.length()) / 4 * 3;

  /** Begun and not done, ascending: that is the order in which they come. */
  private final SequencedSet<Long> open = new LinkedHashSet<>();

  /** Done before this tracker began, and not come yet; ascending. */
  private final Deque<Range> restored;

  /** First offset that has not come yet. */
  private long next;

  private OffsetTracker(long next, Deque<Range> restored) {
    this.next = next;
    this.restored = restored;
  }

  /** For a partition without a commit, or whose metadata is lost. */
  static OffsetTracker startingAt(long watermark) {
    return new OffsetTracker(watermark, new ArrayDeque<>());
  }

  /**
   * Goes on from a commit.
   *
   * @return empty when the metadata is not what {@link #metadata} wrote for this watermark
   */
  static Optional<OffsetTracker> restore(long watermark, String metadata) {
    if (metadata.isEmpty()) {
      return Optional.of(startingAt(watermark));
    }
    if (!metadata.startsWith(FORM)) {
      return Optional.empty();
    }
    try {
      var runs = new Varints(Base64.getUrlDecoder().decode(metadata.substring(FORM.length())));
      if (runs.next() != watermark) {
        return Optional.empty();
      }
      var ranges = new ArrayDeque<Range>();
      var at = watermark;
      while (runs.hasNext()) {
        var from = Math.addExact(at, runs.next());
        at = Math.addExact(from, runs.next());
        ranges.add(new Range(from, at));
      }
      return Optional.of(new OffsetTracker(watermark, ranges));
    } catch (IllegalArgumentException | ArithmeticException _) {
      return Optional.empty();
    }
  }

  /**
   * A record has come. Offsets come in ascending order.
   *
   * @return whether there is something to do; false when it was done before
   */
  boolean begin(long offset) {
    if (offset < next) {
      throw new IllegalArgumentException(
          "Expected an offset of at least %d, but got %d".formatted(next, offset));
    }
    advance(offset);
    var wasDone = !restored.isEmpty() && restored.getFirst().from() <= offset;
    if (!wasDone) {
      open.add(offset);
    }
    advance(offset + 1);
    return !wasDone;
  }

  /** What was begun is done. */
  void finish(long offset) {
    open.remove(offset);
  }

  /** Everything before this offset has come. */
  void advance(long to) {
    next = Math.max(next, to);
    while (!restored.isEmpty() && restored.getFirst().to() <= next) {
      restored.removeFirst();
    }
  }

  /** Whether this offset has come, or can come no more. */
  boolean isPast(long offset) {
    return offset < next;
  }

  /** The first offset that is not done: what to commit. */
  long watermark() {
    return open.isEmpty() ? next : open.getFirst();
  }

  /**
   * What is done above the watermark, as text of at most {@value #MAX_METADATA} characters. When
   * there is more than fits, the rest is left out: it counts as open after a crash.
   */
  String metadata() {
    if (open.isEmpty() && restored.isEmpty()) {
      return "";
    }
    var runs = new Runs(watermark());
    var at = watermark();
    for (var offset : open) {
      // Between two open offsets all is done; the first of them is the watermark.
      if (offset > at && !runs.add(at, offset)) {
        return runs.text();
      }
      at = offset + 1;
    }
    if (at < next && !runs.add(at, next)) {
      return runs.text();
    }
    for (var range : restored) {
      if (!runs.add(Math.max(range.from(), next), range.to())) {
        return runs.text();
      }
    }
    return runs.text();
  }

  /** Offsets from (inclusive) to (exclusive). */
  private record Range(long from, long to) {
    private Range {
      if (from < 0 || to <= from) {
        throw new IllegalArgumentException(
            "Expected a range, but got %d to %d".formatted(from, to));
      }
    }
  }

  /** Lengths of open and done runs in turn, as variable-length numbers after the watermark. */
  private static final class Runs {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private long end;

    private Runs(long watermark) {
      this.end = watermark;
      write(bytes, watermark);
    }

    /** Adds a run that is done; false, and nothing happens, when there is no room. */
    private boolean add(long from, long to) {
      var run = new ByteArrayOutputStream();
      write(run, from - end);
      write(run, to - from);
      if (bytes.size() + run.size() > MAX_RUN_BYTES) {
        return false;
      }
      bytes.writeBytes(run.toByteArray());
      end = to;
      return true;
    }

    private String text() {
      return FORM + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.toByteArray());
    }

    /** Seven bits per byte, the lowest first; the eighth says that more follow. */
    private static void write(ByteArrayOutputStream out, long value) {
      var rest = value;
      while (rest > 0x7f) {
        out.write((int) ((rest & 0x7f) | 0x80));
        rest >>>= 7;
      }
      out.write((int) rest);
    }
  }

  /** Reads what {@link Runs} wrote. */
  private static final class Varints {
    private final byte[] bytes;
    private int at;

    private Varints(byte[] bytes) {
      this.bytes = bytes;
    }

    private boolean hasNext() {
      return at < bytes.length;
    }

    private long next() {
      var value = 0L;
      for (int shift = 0; shift < Long.SIZE - 1 && hasNext(); shift += 7) {
        var one = bytes[at++];
        value |= (long) (one & 0x7f) << shift;
        if (one >= 0) {
          return value;
        }
      }
      throw new IllegalArgumentException("Expected a number, but it does not end");
    }
  }
}
