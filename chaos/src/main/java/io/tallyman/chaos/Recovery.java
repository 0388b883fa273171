package io.tallyman.chaos;

import io.tallyman.chaos.history.ClientCall;
import io.tallyman.chaos.history.FaultMark;
import io.tallyman.chaos.history.History;
import io.tallyman.chaos.history.LogRecord;
import io.tallyman.chaos.history.Progress;
import io.tallyman.chaos.history.RedisSighting;
import io.tallyman.chaos.nemesis.FaultKind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.OptionalLong;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.LongStream;

/**
 * How long something stood still because of a fault: the longest time without progress that began
 * while the fault lasted, or within two seconds of its end, counted from the fault's start, or from
 * the first work that waited. Progress is what the dead one did: accepted submissions of an api,
 * events in each partition of a processor, and so on. Pure.
 */
final class Recovery {

  private static final long AFTER = TimeUnit.SECONDS.toMicros(2);

  /** Work that came so long before the last progress may still wait. */
  private static final long IN_HAND = TimeUnit.SECONDS.toMicros(1);

  /**
   * A promise, and what keeps it.
   *
   * @param what for people
   * @param limit that is promised
   * @param isMade which faults it is about
   */
  private record Promise(
      String what, Duration limit, Predicate<FaultMark> isMade, Measure measure) {}

  /** Times of progress: one row for each thing that must not stand still. */
  @FunctionalInterface
  private interface Measure {
    OptionalLong standstill(Facts facts, long start, long end);
  }

  private record Facts(History history, List<Progress> progress) {}

  /**
   * One measurement.
   *
   * @param standstill in microseconds; nothing when it never recovered
   */
  record Figure(String what, String target, OptionalLong standstill, Duration limit) {

    String time() {
      return standstill.isPresent() ? "%.1f s".formatted(standstill.getAsLong() / 1e6) : "never";
    }

    boolean isKept() {
      return standstill.isPresent() && standstill.getAsLong() <= limit.toMillis() * 1_000;
    }
  }

  /** Clients never cease to ask. */
  private static final Work ALWAYS = (from, _) -> OptionalLong.of(from);

  private static final List<Promise> PROMISES =
      List.of(
          new Promise(
              "an api killed: submissions",
              Duration.ofSeconds(15),
              isKill("api"),
              (facts, start, end) -> longest(submissions(facts), ALWAYS, start, end)),
          new Promise(
              "a state-processor killed: each partition of events",
              Duration.ofSeconds(15),
              isKill("state-processor"),
              Recovery::events),
          new Promise(
              "a worker-runner killed: starts of attempts",
              Duration.ofSeconds(15),
              isKill("worker-runner"),
              (facts, start, end) -> longest(starts(facts), ALWAYS, start, end)),
          new Promise(
              "a webhook-dispatcher killed: each partition of webhooks",
              Duration.ofSeconds(15),
              isKill("webhook-dispatcher"),
              (facts, start, end) ->
                  partitions(facts, "webhook-attempts", Recovery::isTold, start, end)),
          new Promise(
              "the leader broker killed: each partition of events",
              Duration.ofSeconds(15),
              is(FaultKind.KILL_LEADER),
              Recovery::events),
          new Promise(
              "all brokers killed: each partition of events",
              Duration.ofSeconds(60),
              is(FaultKind.KILL_ALL_BROKERS),
              Recovery::events),
          new Promise(
              "Redis emptied: the mirror is whole",
              Duration.ofSeconds(30),
              is(FaultKind.REDIS_FLUSH),
              (facts, start, _) -> mirror(facts.history().redis(), start)));

  private Recovery() {}

  /** One figure for each fault that something is promised of. */
  static List<Figure> of(History history, List<Progress> progress) {
    var facts = new Facts(history, progress);
    var figures = new ArrayList<Figure>();
    for (var promise : PROMISES) {
      for (var mark : history.faults()) {
        if (mark.isStart() && promise.isMade().test(mark)) {
          figures.add(
              new Figure(
                  promise.what(),
                  mark.target(),
                  promise.measure().standstill(facts, mark.at(), end(history.faults(), mark)),
                  promise.limit()));
        }
      }
    }
    return List.copyOf(figures);
  }

  private static Predicate<FaultMark> is(FaultKind kind) {
    return mark -> mark.fault().equals(kind.label());
  }

  private static Predicate<FaultMark> isKill(String service) {
    return is(FaultKind.KILL).and(mark -> mark.target().startsWith(service));
  }

  private static long end(List<FaultMark> marks, FaultMark start) {
    return marks.stream()
        .filter(mark -> !mark.isStart() && mark.at() >= start.at())
        .filter(mark -> mark.fault().equals(start.fault()) && mark.target().equals(start.target()))
        .mapToLong(FaultMark::at)
        .findFirst()
        .orElse(start.at());
  }

  private static LongStream submissions(Facts facts) {
    return facts.history().calls().stream()
        .filter(call -> call.operation().equals("run"))
        .filter(call -> call.outcome() == ClientCall.Outcome.OK)
        .mapToLong(ClientCall::endedAt);
  }

  private static LongStream starts(Facts facts) {
    return facts.progress().stream()
        .filter(progress -> progress.starts() > 0)
        .mapToLong(Progress::at);
  }

  private static OptionalLong events(Facts facts, long start, long end) {
    return partitions(facts, "job-events", Recovery::isToBeDecided, start, end);
  }

  /** A renewed lease is no event. */
  private static boolean isToBeDecided(LogRecord record) {
    return record.topic().equals("job-commands")
        && !record.headers().getOrDefault("ce_type", "").contains(".renew.");
  }

  private static boolean isTold(LogRecord record) {
    return record.topic().equals("job-events")
        && record.value() != null
        && record.value().contains("\"webhook\":\"");
  }

  /** The longest standstill of any partition in which work waited; nothing when none went on. */
  private static OptionalLong partitions(
      Facts facts, String topic, Predicate<LogRecord> isWork, long start, long end) {
    var times = new HashMap<Integer, LongStream.Builder>();
    facts.progress().stream()
        .filter(progress -> progress.topic().equals(topic))
        .forEach(
            progress ->
                times
                    .computeIfAbsent(progress.partition(), _ -> LongStream.builder())
                    .add(progress.at()));
    return times.entrySet().stream()
        .map(one -> longest(one.getValue().build(), work(facts, isWork, one.getKey()), start, end))
        .flatMapToLong(OptionalLong::stream)
        .max();
  }

  private static Work work(Facts facts, Predicate<LogRecord> isWork, int partition) {
    var times =
        facts.history().log().stream()
            .filter(record -> record.partition() == partition)
            .filter(isWork)
            .mapToLong(record -> TimeUnit.MILLISECONDS.toMicros(record.timestamp()))
            .sorted()
            .toArray();
    return (from, to) -> Arrays.stream(times).filter(at -> at >= from && at < to).findFirst();
  }

  /** The first work that came in a time; nothing when none did. */
  @FunctionalInterface
  private interface Work {
    OptionalLong first(long from, long to);
  }

  /**
   * The longest pause that began in time and in which work waited; nothing when there was no
   * progress after the fault.
   */
  private static OptionalLong longest(LongStream times, Work work, long start, long end) {
    var sorted = times.sorted().toArray();
    if (Arrays.stream(sorted).noneMatch(time -> time > end)) {
      return OptionalLong.empty();
    }
    var longest = 0L;
    var last = 0L;
    for (var time : sorted) {
      if (time > start && last <= end + AFTER) {
        var since = Math.max(last, start);
        var waited = work.first(since - IN_HAND, time);
        if (waited.isPresent()) {
          longest = Math.max(longest, time - Math.max(since, waited.getAsLong()));
        }
      }
      last = time;
    }
    return OptionalLong.of(longest);
  }

  /** From the loss of all keys until each of them was seen again. */
  private static OptionalLong mirror(List<RedisSighting> sightings, long start) {
    var recent = start - TimeUnit.SECONDS.toMicros(5);
    var lost = new TreeSet<String>();
    for (var sighting : sightings) {
      if (sighting.at() > recent && sighting.at() < start) {
        lost.add(sighting.key());
      }
    }
    for (var sighting : sightings) {
      if (sighting.at() > start) {
        lost.remove(sighting.key());
        if (lost.isEmpty()) {
          return OptionalLong.of(sighting.at() - start);
        }
      }
    }
    return lost.isEmpty() ? OptionalLong.of(0) : OptionalLong.empty();
  }
}
