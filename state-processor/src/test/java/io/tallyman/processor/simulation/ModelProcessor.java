package io.tallyman.processor.simulation;

import io.tallyman.processor.domain.Decision;
import io.tallyman.processor.domain.JobDecider;
import io.tallyman.processor.domain.JobState;
import io.tallyman.processor.domain.Reaction;
import io.tallyman.schemas.job.JobCommand;
import io.tallyman.schemas.job.JobId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/**
 * What {@code DeciderProcessor} does around the rules: commands in, and a transaction out of it
 * that is seen as a whole or not at all. Its stores and offsets go back when one is aborted.
 */
final class ModelProcessor {

  /** How often due deadlines are looked for, in ms. */
  private static final long TICK = 200;

  private static final int COMMANDS_PER_TRANSACTION = 4;

  /** An entry of the deadline store. */
  record Deadline(Instant due, JobId job) {}

  /** A command with what it met and what it led to. */
  record Step(JobCommand command, Instant at, JobState before, Decision decision, JobState after) {}

  /** What a transaction changes, and what is left when it is aborted. */
  private record Stores(
      Map<JobId, JobState> jobs, TreeSet<Deadline> deadlines, List<Integer> offsets) {
    Stores copy() {
      return new Stores(new HashMap<>(jobs), new TreeSet<>(deadlines), new ArrayList<>(offsets));
    }
  }

  private enum Crash {
    NONE,
    BEFORE_COMMIT,
    AFTER_COMMIT
  }

  private final World world;
  private final Broker broker;
  private final JobDecider decider;
  private final Rules rules;
  private final Checker checker;
  private Stores committed =
      new Stores(
          new HashMap<>(),
          new TreeSet<>(
              Comparator.comparing(Deadline::due)
                  .thenComparing(deadline -> deadline.job().value())),
          Collections.nCopies(Broker.PARTITIONS, 0));
  private long downUntil;
  private long downFor;
  private long freezesFor;
  private Crash crash = Crash.NONE;
  private boolean isInTransaction;

  /** What the timers wrote in the transaction in which it froze. */
  private Optional<List<Broker.Entry>> frozen = Optional.empty();

  private long ticked;

  ModelProcessor(World world, Broker broker, JobDecider decider, Rules rules, Checker checker) {
    this.world = world;
    this.broker = broker;
    this.decider = decider;
    this.rules = rules;
    this.checker = checker;
    world.in(0, this::live);
  }

  void crashAtCommit(boolean isAfter, long downFor) {
    crash = isAfter ? Crash.AFTER_COMMIT : Crash.BEFORE_COMMIT;
    this.downFor = downFor;
  }

  /** It stands still in the middle of its next transaction, and is fenced when it goes on. */
  void freezeInTransaction(long length) {
    freezesFor = length;
  }

  void heal() {
    crash = Crash.NONE;
    freezesFor = 0;
    downUntil = 0;
    fence();
  }

  private void live() {
    world.in(world.between(20, 60), this::live);
    if (world.now() >= downUntil && !isInTransaction) {
      transact();
    }
  }

  private void transact() {
    var stores = committed.copy();
    var timers = new ArrayList<Broker.Entry>();
    if (world.now() - ticked >= TICK) {
      ticked = world.now();
      expireDue(stores, timers);
    }
    var steps = new ArrayList<Step>();
    for (var partition = 0; partition < Broker.PARTITIONS; partition++) {
      consume(stores, partition, steps);
    }
    if (!timers.isEmpty() || !steps.isEmpty()) {
      isInTransaction = true;
      world.in(world.between(2, 20), () -> end(stores, timers, steps));
    }
  }

  private void expireDue(Stores stores, List<Broker.Entry> timers) {
    while (!stores.deadlines.isEmpty()
        && !stores.deadlines.first().due().isAfter(world.timerTime())) {
      var job = stores.deadlines.removeFirst().job();
      timers.add(broker.appendPending(new JobCommand.Expire(job)));
    }
  }

  private void consume(Stores stores, int partition, List<Step> steps) {
    for (var i = 0; i < COMMANDS_PER_TRANSACTION; i++) {
      var read = broker.read(partition, stores.offsets.get(partition));
      if (read.isEmpty()) {
        return;
      }
      stores.offsets.set(partition, stores.offsets.get(partition) + 1);
      var entry = read.get();
      if (!entry.isAborted()) {
        var step = decide(stores, entry);
        store(stores, step);
        steps.add(step);
      }
    }
  }

  private Step decide(Stores stores, Broker.Entry entry) {
    var before = stores.jobs.getOrDefault(entry.command.jobId(), new JobState.Absent());
    var decision = rules.decide(decider, before, entry.command, entry.at);
    return new Step(entry.command, entry.at, before, decision, decider.after(before, decision));
  }

  /** As {@code DeciderProcessor.store} has it. */
  private void store(Stores stores, Step step) {
    if (step.decision() instanceof Decision.Rejected) {
      return;
    }
    var job = step.command().jobId();
    var isTimer = step.command() instanceof JobCommand.Expire;
    var after =
        isTimer && decider.isForgettable(step.after(), step.at())
            ? new JobState.Absent()
            : step.after();
    stores.jobs.put(job, after);
    var was = decider.deadline(step.before());
    var is = decider.deadline(after);
    if (isTimer || !is.equals(was)) {
      was.ifPresent(due -> stores.deadlines.remove(new Deadline(due, job)));
      is.ifPresent(due -> stores.deadlines.add(new Deadline(due, job)));
    }
  }

  private void end(Stores stores, List<Broker.Entry> timers, List<Step> steps) {
    if (freezesFor > 0) {
      downUntil = world.now() + freezesFor;
      freezesFor = 0;
      frozen = Optional.of(timers);
      world.in(downUntil - world.now(), this::fence);
      return;
    }
    if (crash == Crash.BEFORE_COMMIT) {
      goDown();
      abort(timers, "fault: processor crash before commit");
      return;
    }
    isInTransaction = false;
    committed = stores;
    timers.forEach(timer -> timer.end(true));
    steps.forEach(this::publish);
    checker.committed(timers, steps, committed.jobs, committed.deadlines);
    if (crash == Crash.AFTER_COMMIT) {
      goDown();
      world.count("fault: processor crash after commit");
    }
  }

  /** The process that comes after it ends its transaction. */
  private void fence() {
    frozen.ifPresent(timers -> abort(timers, "fault: zombie processor"));
    frozen = Optional.empty();
  }

  private void abort(List<Broker.Entry> timers, String why) {
    world.count(why);
    world.note("processor: aborted", why);
    timers.forEach(timer -> timer.end(false));
    isInTransaction = false;
  }

  private void goDown() {
    crash = Crash.NONE;
    downUntil = world.now() + downFor;
  }

  private void publish(Step step) {
    world.note("decided", step.command(), step.decision());
    for (var reaction : Reaction.of(step.before(), step.command(), step.decision(), step.after())) {
      switch (reaction) {
        case Reaction.Offer(var dispatch, _) -> broker.offer(dispatch);
        case Reaction.Tell(var order) -> broker.order(order, step.at());
      }
    }
  }

  /** The states that are kept, by job. */
  Map<JobId, JobState> jobs() {
    return committed.jobs;
  }

  boolean hasDeadlines() {
    return !committed.deadlines.isEmpty();
  }
}
