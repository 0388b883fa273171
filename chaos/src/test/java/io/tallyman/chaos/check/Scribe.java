package io.tallyman.chaos.check;

import io.tallyman.chaos.history.ClientCall;
import io.tallyman.chaos.history.ContainerSighting;
import io.tallyman.chaos.history.FaultMark;
import io.tallyman.chaos.history.History;
import io.tallyman.chaos.history.LogRecord;
import io.tallyman.chaos.history.Received;
import io.tallyman.chaos.history.RedisSighting;
import io.tallyman.chaos.history.Run;
import io.tallyman.chaos.history.ServiceSighting;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes a history down: in milliseconds since its start, and in order when all is said. */
final class Scribe {

  /** When a made-up run starts, in ms since the epoch. */
  static final long START = 1_795_600_000_000L;

  private static final int PARTITIONS = 4;

  final List<ClientCall> calls = new ArrayList<>();
  final List<Received> received = new ArrayList<>();
  final List<ContainerSighting> containers = new ArrayList<>();
  final List<RedisSighting> redis = new ArrayList<>();
  final List<FaultMark> faults = new ArrayList<>();
  final List<ServiceSighting> services = new ArrayList<>();

  private final List<LogRecord> log = new ArrayList<>();

  /** Microseconds since the epoch, as in a history. */
  static long at(long millis) {
    return (START + millis) * 1_000;
  }

  /** A time as messages have it. */
  static String iso(long millis) {
    return Instant.ofEpochMilli(START + millis).toString();
  }

  /** A record without a place; it gets one when the history is complete. */
  void log(String topic, long millis, String key, String type, String id, String value) {
    var headers = new LinkedHashMap<String, String>();
    headers.put("ce_type", "io.tallyman." + type + ".v1");
    headers.put("ce_id", id);
    headers.put("ce_subject", key);
    record(topic, millis, key, headers, value);
  }

  void record(
      String topic,
      long millis,
      @Nullable String key,
      Map<String, String> headers,
      @Nullable String value) {
    log.add(new LogRecord(topic, -1, -1, START + millis, key, headers, value));
  }

  void fault(String kind, String target, long from, long to) {
    faults.add(new FaultMark(at(from), kind, target, true, ""));
    faults.add(new FaultMark(at(to), kind, target, false, ""));
  }

  /** The history, with a dead letter for each record whose header {@code poison} asks for it. */
  History history(Run run) {
    var placed = new ArrayList<LogRecord>();
    var offsets = new HashMap<String, Long>();
    log.sort(Comparator.comparingLong(LogRecord::timestamp));
    for (var record : log) {
      var one = place(record, offsets);
      placed.add(one);
      if (record.headers().containsKey("poison")) {
        placed.add(place(deadLetter(one), offsets));
      }
    }
    calls.sort(Comparator.comparingLong(ClientCall::endedAt));
    received.sort(Comparator.comparingLong(Received::at));
    containers.sort(Comparator.comparingLong(ContainerSighting::at));
    redis.sort(Comparator.comparingLong(RedisSighting::at));
    return new History(run, calls, placed, received, containers, redis, faults, services);
  }

  private static LogRecord place(LogRecord record, Map<String, Long> offsets) {
    var partition =
        record.topic().startsWith("job-dispatch.") || record.topic().equals("dead-letters")
            ? 0
            : Math.floorMod(String.valueOf(record.key()).hashCode(), PARTITIONS);
    // Every second offset: the markers of transactions take the others.
    var offset = offsets.merge(record.topic() + partition, 2L, Long::sum);
    return new LogRecord(
        record.topic(),
        partition,
        offset,
        record.timestamp(),
        record.key(),
        record.headers(),
        record.value());
  }

  private static LogRecord deadLetter(LogRecord origin) {
    var headers = new LinkedHashMap<>(origin.headers());
    headers.put("tallyman-origin", Facts.position(origin));
    headers.put("tallyman-reason", "Expected a message, but this is none");
    headers.put("tallyman-service", "state-processor");
    return new LogRecord(
        "dead-letters", -1, -1, origin.timestamp() + 20, origin.key(), headers, origin.value());
  }
}
