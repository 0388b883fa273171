package io.tallyman.chaos;

import io.tallyman.chaos.history.ClientCall;
import io.tallyman.chaos.history.FaultMark;
import io.tallyman.chaos.history.History;
import io.tallyman.chaos.history.Progress;
import io.tallyman.chaos.history.RedisSighting;
import io.tallyman.chaos.nemesis.FaultKind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.LongStream;

/**
 * How long something stood still because of a fault: the longest time without progress that began
 * while the fault lasted, or within two seconds of its end, counted from the fault's start.
 * Progress is what the dead one did: accepted submissions of an api, events in each partition of a
 * processor, and so on. Pure.
 */
final class Recovery {

  private static final long AFTER = TimeUnit.SECONDS.toMicros(2);

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

  private static final List<Promise> PROMISES =
      List.of(
          new Promise(
              "an api killed: submissions",
              Duration.ofSeconds(15),
              isKill("api"),
              (facts, start, end) -> longest(submissions(facts), start, end)),
          new Promise(
              "a state-processor killed: each partition of events",
              Duration.ofSeconds(15),
              isKill("state-processor"),
              Recovery::events),
          new Promise(
              "a worker-runner killed: starts of attempts",
              Duration.ofSeconds(15),
              isKill("worker-runner"),
              (facts, start, end) -> longest(starts(facts), start, end)),
          new Promise(
              "a webhook-dispatcher killed: each partition of webhooks",
              Duration.ofSeconds(15),
              isKill("webhook-dispatcher"),
              (facts, start, end) -> partitions(facts, "webhook-attempts", start, end)),
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
    return partitions(facts, "job-events", start, end);
  }

  /**
   * The longest standstill of any partition that went on, for one may have had nothing more to do:
   * a job that was left open is told elsewhere. Nothing when none went on.
   */
  private static OptionalLong partitions(Facts facts, String topic, long start, long end) {
    Map<Integer, List<Long>> times = new HashMap<>();
    facts.progress().stream()
        .filter(progress -> progress.topic().equals(topic))
        .forEach(
            progress ->
                times
                    .computeIfAbsent(progress.partition(), _ -> new ArrayList<>())
                    .add(progress.at()));
    return times.values().stream()
        .map(one -> longest(one.stream().mapToLong(Long::longValue), start, end))
        .flatMapToLong(OptionalLong::stream)
        .max();
  }

  /** The longest pause that began in time; nothing when one that did never ended. */
  static OptionalLong longest(LongStream times, long start, long end) {
    var sorted = times.sorted().toArray();
    if (Arrays.stream(sorted).noneMatch(time -> time > end)) {
      return OptionalLong.empty();
    }
    var longest = 0L;
    var last = Long.MIN_VALUE;
    for (var time : sorted) {
      if (time > start && last <= end + AFTER) {
        longest = Math.max(longest, time - Math.max(last, start));
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
