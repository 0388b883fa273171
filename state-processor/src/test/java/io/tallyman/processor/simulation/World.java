package io.tallyman.processor.simulation;

import io.tallyman.processor.Jobs;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.TreeMap;

/** One thread, virtual time, one source of chance; and what happened. */
final class World {

  /** How many lines of a failing run are told. */
  private static final int TRACE = 60;

  private record Event(long at, long order, Runnable action) {}

  private final PriorityQueue<Event> agenda =
      new PriorityQueue<>(Comparator.comparingLong(Event::at).thenComparingLong(Event::order));
  private final SplittableRandom random;
  private final boolean isTraced;
  private final Deque<String> trace = new ArrayDeque<>();
  private final Map<String, Integer> met = new TreeMap<>();
  private long now;
  private long order;
  private int steps;

  /** How far the broker's clock is from true time, in ms. */
  private long brokerSkew;

  /** How far the processor's clock is from true time, in ms. */
  private long timerSkew;

  private long lastJump = Long.MIN_VALUE / 2;

  World(long seed, boolean isTraced) {
    this.random = new SplittableRandom(seed);
    this.isTraced = isTraced;
  }

  /** True time in ms, as every monotonic clock has it. */
  long now() {
    return now;
  }

  Instant brokerTime() {
    return Jobs.T0.plusMillis(now + brokerSkew);
  }

  Instant timerTime() {
    return Jobs.T0.plusMillis(now + timerSkew);
  }

  void jumpBroker(long millis) {
    brokerSkew += millis;
    lastJump = now;
    note("broker's clock jumps by", millis);
  }

  void jumpTimer(long millis) {
    timerSkew += millis;
    note("processor's clock jumps by", millis);
  }

  void syncClocks() {
    timerSkew = brokerSkew;
  }

  /** Whether the broker's clock jumped at that time or later. */
  boolean hasJumpedSince(long since) {
    return lastJump >= since;
  }

  void in(long millis, Runnable action) {
    agenda.add(new Event(now + millis, order++, action));
  }

  /** From {@code least} on and below {@code bound}. */
  long between(long least, long bound) {
    return random.nextLong(least, bound);
  }

  boolean chance(int percent) {
    return random.nextInt(100) < percent;
  }

  /** Runs what is due until then. */
  void runUntil(long end) {
    while (!agenda.isEmpty() && agenda.element().at() <= end) {
      var event = agenda.remove();
      now = event.at();
      steps++;
      event.action().run();
    }
    now = end;
  }

  int steps() {
    return steps;
  }

  void count(String what) {
    met.merge(what, 1, Integer::sum);
  }

  Map<String, Integer> met() {
    return met;
  }

  void note(String what, Object... about) {
    if (isTraced) {
      trace.add("%8d %s %s".formatted(now, what, Arrays.toString(about)));
      if (trace.size() > TRACE) {
        trace.remove();
      }
    }
  }

  List<String> trace() {
    return List.copyOf(trace);
  }
}
