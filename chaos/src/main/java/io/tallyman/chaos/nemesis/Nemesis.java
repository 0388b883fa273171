package io.tallyman.chaos.nemesis;

import io.tallyman.chaos.cluster.Await;
import io.tallyman.chaos.cluster.Cluster;
import io.tallyman.chaos.history.FaultMark;
import io.tallyman.chaos.history.HistoryWriter;
import io.tallyman.chaos.history.Ticker;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Carries a schedule out, and marks in the history what it does. */
public final class Nemesis {

  private static final Logger LOG = LoggerFactory.getLogger(Nemesis.class);

  private final Ticker ticker;
  private final HistoryWriter history;
  private final ConcurrentLinkedQueue<String> broken = new ConcurrentLinkedQueue<>();
  private final ConcurrentLinkedQueue<String> notes = new ConcurrentLinkedQueue<>();
  private final Faults faults;

  /**
   * @param dockerHost as for the runners; nothing: jobs are processes
   */
  public Nemesis(
      Cluster cluster, Optional<String> dockerHost, Ticker ticker, HistoryWriter history) {
    this.ticker = ticker;
    this.history = history;
    this.faults = new Faults(cluster, new Jobs(cluster, dockerHost), broken::add, notes::add);
  }

  /**
   * Does all of it, each step at its time, or when what it must not go on beside is over, and
   * returns when the last one is repaired. A step that fails is told among the notes, and the
   * others go on.
   */
  public void run(List<Step> schedule) throws InterruptedException {
    var begin = System.nanoTime();
    var running = new LinkedHashMap<Step, Future<?>>();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      try {
        for (var step : schedule) {
          awaitTime(begin, step.at());
          // One that takes longer than planned, on a busy machine, still goes on alone.
          for (var other : running.entrySet()) {
            if (Menu.exclude(step, other.getKey())) {
              other.getValue().get();
            }
          }
          running.put(
              step,
              threads.submit(
                  () -> {
                    carryOut(step);
                    return null;
                  }));
        }
        for (var step : running.values()) {
          step.get();
        }
      } catch (ExecutionException e) {
        throw new IllegalStateException("a step of the schedule failed", e.getCause());
      } finally {
        threads.shutdownNow();
      }
    }
  }

  /** Processes that did not stop as they should, in a sentence each. */
  public List<String> broken() {
    return List.copyOf(broken);
  }

  /** What could not be done. */
  public List<String> notes() {
    return List.copyOf(notes);
  }

  private void carryOut(Step step) throws InterruptedException {
    var fault = faults.of(step);
    var start = System.nanoTime();
    LOG.info("{} of {} begins: {}", step.kind().label(), fault.target(), fault.detail());
    mark(step, fault, true);
    try {
      fault.inject().run();
      awaitTime(start, step.length());
    } catch (RuntimeException e) {
      LOG.warn("{} of {} failed", step.kind().label(), fault.target(), e);
      notes.add("%s of %s: %s".formatted(step.kind().label(), fault.target(), e));
    } finally {
      fault.heal().run();
      mark(step, fault, false);
      LOG.info("{} of {} is over", step.kind().label(), fault.target());
    }
  }

  private void mark(Step step, Fault fault, boolean isStart) {
    history.write(
        new FaultMark(
            ticker.nowMicros(), step.kind().label(), fault.target(), isStart, fault.detail()));
  }

  private static void awaitTime(long begin, Duration at) throws InterruptedException {
    Await.pause(at.minusNanos(System.nanoTime() - begin));
  }
}
