package io.tallyman.processor.simulation;

import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.schemas.job.RunnerControl;
import io.tallyman.schemas.job.RunnerId;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * A worker-runner: the rules of {@code Attempts}, {@code Held} and the intakes, without threads.
 */
final class ModelRunner {

  /** How often it looks at everything, in ms: a quarter of what is left when it fences itself. */
  private static final long LOOK = 200;

  private final RunnerId id;
  private final World world;
  private final Broker broker;
  private final Engine engine;
  private final ModelAttempts.Bug bug;
  private final Sleep sleep;
  private final Set<Engine.Container> found = new LinkedHashSet<>();
  private ModelAttempts attempts;
  private int obeyed;
  private int process;
  private boolean isReaped;

  ModelRunner(RunnerId id, World world, Broker broker, Engine engine, ModelAttempts.Bug bug) {
    this.id = id;
    this.world = world;
    this.broker = broker;
    this.engine = engine;
    this.bug = bug;
    this.sleep = new Sleep(world);
    this.attempts = newAttempts();
    begin();
  }

  RunnerId id() {
    return id;
  }

  /** How long it was frozen or down so far, in ms. */
  long asleep() {
    return sleep.total();
  }

  boolean hasSleptSince(long since) {
    return sleep.wasSince(since);
  }

  void cut(long length) {
    sleep.cut(length);
    world.count("fault: runner cut off");
  }

  void freeze(long length) {
    sleep.freeze(length);
    world.count(attempts.isEmpty() ? "fault: runner frozen" : "fault: zombie runner");
  }

  /** All memory is lost, and what the engine runs stays. */
  void crash(long downFor) {
    world.count(engine.of(this).isEmpty() ? "fault: runner crash" : "fault: runner crash, working");
    world.note("crashes", id, downFor);
    process++;
    attempts.die();
    attempts = newAttempts();
    found.clear();
    sleep.down(downFor);
    var mine = process;
    world.in(
        downFor,
        () -> {
          if (mine == process) {
            begin();
          }
        });
  }

  /** Hands back what it holds, and is gone soon after. */
  void stop(long downFor) {
    world.count("fault: runner stopped");
    attempts.close();
    var mine = process;
    world.in(
        1_500,
        () -> {
          if (mine == process) {
            crash(downFor);
          }
        });
  }

  void heal() {
    if (sleep.isDown()) {
      process++;
      sleep.wake();
      begin();
    } else {
      sleep.wake();
    }
  }

  private void begin() {
    isReaped = false;
    // Orders from before are not for this process.
    obeyed = broker.orders(id).size();
    live(process);
  }

  private void live(int mine) {
    if (mine != process) {
      return;
    }
    world.in(world.between(LOOK / 2, LOOK), () -> live(mine));
    if (sleep.isFrozen()) {
      return;
    }
    if (!isReaped) {
      isReaped = reap();
      return;
    }
    if (!sleep.isCut()) {
      obey();
      attempts.take();
    }
    attempts.tick();
    attempts.fence();
    attempts.report();
  }

  /** Whether nothing is left of what an earlier process began. */
  private boolean reap() {
    var left = engine.of(this);
    for (var container : left) {
      engine.kill(container);
      if (found.add(container)) {
        world.count("reaped");
      }
    }
    if (!left.isEmpty()) {
      return false;
    }
    for (var container : found) {
      attempts.lost(container.job, container.attempt);
    }
    found.clear();
    return true;
  }

  private void obey() {
    var orders = broker.orders(id);
    while (obeyed < orders.size()) {
      var order = orders.get(obeyed++);
      switch (order.control()) {
        case RunnerControl.Run(_, var job, var attempt, var deadline, var leaseUntil) ->
            attempts.run(
                new ModelAttempts.Key(job, attempt),
                Duration.between(order.at(), deadline).toMillis(),
                Duration.between(order.at(), leaseUntil).toMillis());
        case RunnerControl.Stop(_, var job, var attempt, _) ->
            attempts.stop(new ModelAttempts.Key(job, attempt));
      }
    }
  }

  private ModelAttempts newAttempts() {
    return new ModelAttempts(this, world, broker, engine, new Outbox(world, broker, sleep), bug);
  }

  static RawJson output(JobId job, int attempt, RunnerId runner) {
    return RawJson.of("\"%s %d %s\"".formatted(job, attempt, runner));
  }
}
