package io.tallyman.api.rocksdb;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.EventPosition;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobStatus;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * What the index knows of one job.
 *
 * @param endpoint whose job it is
 * @param status from the newest event on
 * @param sequence of the newest event
 * @param positions of its events, oldest first
 */
public record IndexEntry(
    EndpointName endpoint, JobStatus status, long sequence, List<EventPosition> positions) {

  /** The number of a state on disk; a new order needs a new layout of {@link OffsetIndex}. */
  static final List<JobStatus> STATUSES = List.of(JobStatus.values());

  public IndexEntry {
    positions = List.copyOf(positions);
  }

  /** The entry of a job's first event. */
  static IndexEntry first(JobEvent event, EventPosition position) {
    var meta = event.meta();
    return new IndexEntry(meta.endpoint(), event.status(), meta.sequence(), List.of(position));
  }

  /** This entry and one more event. */
  IndexEntry and(JobEvent event, EventPosition position) {
    var all = new ArrayList<>(positions);
    all.add(position);
    return new IndexEntry(endpoint, event.status(), event.meta().sequence(), all);
  }

  /** Where the newest event is. */
  public EventPosition last() {
    return positions.getLast();
  }

  /**
   * Name length, name, status, sequence, then per event its partition and the distance of its
   * offset from the one before; numbers as LEB128. Some 20 bytes for a job of three events.
   */
  byte[] encode() {
    var out = new ByteArrayOutputStream(32);
    var name = endpoint.value().getBytes(UTF_8);
    writeNumber(out, name.length);
    out.writeBytes(name);
    writeNumber(out, STATUSES.indexOf(status));
    writeNumber(out, sequence);
    var previous = 0L;
    for (var position : positions) {
      writeNumber(out, position.partition());
      var distance = position.offset() - previous;
      // Zigzag: after a move to another partition the distance may be negative.
      writeNumber(out, (distance << 1) ^ (distance >> 63));
      previous = position.offset();
    }
    return out.toByteArray();
  }

  /** The entry of these bytes. */
  static IndexEntry decode(byte[] bytes) {
    var in = ByteBuffer.wrap(bytes);
    var name = new byte[(int) readNumber(in)];
    in.get(name);
    var status = STATUSES.get((int) readNumber(in));
    var sequence = readNumber(in);
    var positions = new ArrayList<EventPosition>();
    var previous = 0L;
    while (in.hasRemaining()) {
      var partition = (int) readNumber(in);
      var distance = readNumber(in);
      previous += (distance >>> 1) ^ -(distance & 1);
      positions.add(new EventPosition(partition, previous));
    }
    return new IndexEntry(new EndpointName(new String(name, UTF_8)), status, sequence, positions);
  }

  static void writeNumber(ByteArrayOutputStream out, long number) {
    var rest = number;
    while ((rest & ~0x7FL) != 0) {
      out.write((int) ((rest & 0x7F) | 0x80));
      rest >>>= 7;
    }
    out.write((int) rest);
  }

  static long readNumber(ByteBuffer in) {
    var number = 0L;
    for (int shift = 0; ; shift += 7) {
      var next = in.get();
      number |= (next & 0x7FL) << shift;
      if (next >= 0) {
        return number;
      }
    }
  }
}
