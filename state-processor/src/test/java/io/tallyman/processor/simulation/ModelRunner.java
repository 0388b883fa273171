package io.tallyman.processor.simulation;

import io.tallyman.schemas.job.Dispatch;
import io.tallyman.schemas.job.JobCommand;
import io.tallyman.schemas.job.JobCommand.Complete;
import io.tallyman.schemas.job.JobCommand.Fail;
import io.tallyman.schemas.job.JobCommand.Release;
import io.tallyman.schemas.job.JobCommand.Renew;
import io.tallyman.schemas.job.JobCommand.Start;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.schemas.job.RunnerControl;
import io.tallyman.schemas.job.RunnerId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A worker-runner: the rules of {@code Attempts}, {@code Held} and the intakes, without threads.
 */
final class ModelRunner {

  private static final int SLOTS = 2;

  /** How often it looks at everything, in ms: a quarter of what is left when it fences itself. */
  private static final long LOOK = 200;

  /** A Start that was not answered for so long is said again, in ms. */
  private static final long ANSWER_PATIENCE = 4_000;

  /** So long past its deadline an attempt is killed here, in ms. */
  private static final long GRACE = 2_000;

  /** Only a container with a limit below this never ends by itself, in ms. */
  private static final long MOST_ENDLESS = 60_000;

  /** Which rules of its own a runner forgets. */
  enum Bug {
    NONE,
    NEVER_FENCES_ITSELF,
    RUNS_WITHOUT_LEASE
  }

  private record Key(JobId job, int attempt) {}

  /** As {@code Held}: an attempt that was taken. Times are true ones, in ms. */
  private static final class Held {
    long askedAt;
    long renewedAt;
    long leasedUntil;
    long lease;
    long killAt;
    boolean isRunning;
    boolean isStopped;
    boolean isHandedBack;
    Optional<Engine.Container> container = Optional.empty();
    Optional<Engine.End> end = Optional.empty();

    Held(long now) {
      askedAt = now;
      renewedAt = now;
    }
  }

  private final RunnerId id;
  private final World world;
  private final Broker broker;
  private final Engine engine;
  private final Bug bug;
  private final Sleep sleep;
  private final Set<Engine.Container> found = new LinkedHashSet<>();
  private Map<Key, Held> book = new HashMap<>();
  private Outbox outbox;
  private int obeyed;
  private int process;
  private boolean isReaped;
  private boolean isClosing;

  ModelRunner(RunnerId id, World world, Broker broker, Engine engine, Bug bug) {
    this.id = id;
    this.world = world;
    this.broker = broker;
    this.engine = engine;
    this.bug = bug;
    this.sleep = new Sleep(world);
    this.outbox = new Outbox(world, broker, sleep);
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
    world.count(book.isEmpty() ? "fault: runner frozen" : "fault: zombie runner");
  }

  /** All memory is lost, and what the engine runs stays. */
  void crash(long downFor) {
    world.count(engine.of(this).isEmpty() ? "fault: runner crash" : "fault: runner crash, working");
    world.note("crashes", id, downFor);
    process++;
    outbox.close();
    outbox = new Outbox(world, broker, sleep);
    book = new HashMap<>();
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
    isClosing = true;
    book.forEach(
        (key, held) -> {
          if (held.isRunning) {
            held.isHandedBack = true;
            stop(held);
          }
        });
    var waiting = book.entrySet().stream().filter(e -> !e.getValue().isRunning).toList();
    for (var one : waiting) {
      book.remove(one.getKey());
      release(one.getKey(), "runner_stopped: the runner is shutting down", false);
    }
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
    isClosing = false;
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
      take();
    }
    tick();
    fence();
    report();
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
      release(
          new Key(container.job, container.attempt), "runner_restarted: the runner was gone", true);
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
            run(
                new Key(job, attempt),
                Duration.between(order.at(), deadline).toMillis(),
                Duration.between(order.at(), leaseUntil).toMillis());
        case RunnerControl.Stop(_, var job, var attempt, _) -> {
          var key = new Key(job, attempt);
          var held = book.get(key);
          if (held != null && held.isRunning) {
            stop(held);
          } else if (held != null) {
            book.remove(key);
          }
        }
      }
    }
  }

  private void run(Key key, long timeLeft, long lease) {
    var held = book.get(key);
    if (held == null) {
      release(key, "runner_restarted: the runner no longer has this attempt", false);
      return;
    }
    if (held.isRunning || isClosing) {
      return;
    }
    held.lease = lease;
    held.leasedUntil = held.renewedAt + lease;
    if (bug != Bug.RUNS_WITHOUT_LEASE && isLeaseEnding(held)) {
      world.count("run came too late");
      book.remove(key);
      release(key, "runner_restarted: the runner no longer has this attempt", false);
      return;
    }
    held.isRunning = true;
    held.killAt = world.now() + timeLeft + GRACE;
    var isEndless = timeLeft < MOST_ENDLESS && world.chance(10);
    var work = isEndless ? 0 : world.between(100, 9_000);
    held.container =
        Optional.of(
            engine.start(key.job, key.attempt, this, work, end -> held.end = Optional.of(end)));
  }

  private void take() {
    while (!isClosing && book.size() < SLOTS) {
      var offered = broker.acquire();
      if (offered.isEmpty()) {
        return;
      }
      take(offered.get());
    }
  }

  private void take(Broker.Offered offered) {
    Dispatch dispatch = offered.dispatch;
    var key = new Key(dispatch.jobId(), dispatch.attempt());
    if (book.containsKey(key)) {
      broker.accept(offered);
      return;
    }
    book.put(key, new Held(world.now()));
    outbox.send(new Start(key.job, key.attempt, id), () -> broker.accept(offered));
  }

  private void tick() {
    book.forEach(
        (key, held) -> {
          if (!held.isRunning && world.now() - held.askedAt > ANSWER_PATIENCE) {
            held.askedAt = world.now();
            outbox.send(new Start(key.job, key.attempt, id), () -> {});
          }
          if (held.isRunning && world.now() - held.renewedAt > held.lease / 3) {
            var asked = world.now();
            held.renewedAt = asked;
            outbox.send(
                new Renew(key.job, key.attempt, id),
                () -> held.leasedUntil = Math.max(held.leasedUntil, asked + held.lease));
          }
          if (held.isRunning && world.now() > held.killAt) {
            stop(held);
          }
        });
  }

  private void fence() {
    for (var held : book.values()) {
      if (held.isRunning
          && !held.isStopped
          && isLeaseEnding(held)
          && bug != Bug.NEVER_FENCES_ITSELF) {
        world.count("self-fenced");
        stop(held);
      }
    }
  }

  private boolean isLeaseEnding(Held held) {
    return world.now() - held.leasedUntil > -held.lease / 6;
  }

  private void stop(Held held) {
    held.isStopped = true;
    held.container.ifPresent(engine::kill);
  }

  /** What has ended is told until that is durable, and held so long. */
  private void report() {
    List<Key> silent = new ArrayList<>();
    book.forEach(
        (key, held) -> {
          if (held.end.isEmpty()) {
            return;
          }
          Optional<JobCommand> report =
              switch (held.end.get()) {
                case SUCCEEDED ->
                    Optional.of(
                        new Complete(key.job, key.attempt, id, output(key.job, key.attempt, id)));
                case FAILED -> Optional.of(new Fail(key.job, key.attempt, id, "exit_code: 3"));
                case KILLED ->
                    held.isHandedBack
                        ? Optional.of(released(key, "runner_stopped: shutting down", false))
                        : Optional.empty();
              };
          held.end = Optional.empty();
          if (report.isPresent()) {
            outbox.send(report.get(), () -> book.remove(key, held));
          } else {
            silent.add(key);
          }
        });
    silent.forEach(book::remove);
  }

  static RawJson output(JobId job, int attempt, RunnerId runner) {
    return RawJson.of("\"%s %d %s\"".formatted(job, attempt, runner));
  }

  private void release(Key key, String reason, boolean isLost) {
    outbox.send(released(key, reason, isLost), () -> {});
  }

  private JobCommand released(Key key, String reason, boolean isLost) {
    return new Release(key.job, key.attempt, id, reason, isLost);
  }
}
