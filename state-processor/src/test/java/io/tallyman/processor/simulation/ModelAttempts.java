package io.tallyman.processor.simulation;

import io.tallyman.schemas.job.Dispatch;
import io.tallyman.schemas.job.JobCommand;
import io.tallyman.schemas.job.JobCommand.Complete;
import io.tallyman.schemas.job.JobCommand.Fail;
import io.tallyman.schemas.job.JobCommand.Release;
import io.tallyman.schemas.job.JobCommand.Renew;
import io.tallyman.schemas.job.JobCommand.Start;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.RunnerId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What one process of a runner holds: the rules of {@code Attempts} and {@code Held}. */
final class ModelAttempts {

  private static final int SLOTS = 2;

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

  record Key(JobId job, int attempt) {}

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

  private final ModelRunner runner;
  private final RunnerId id;
  private final World world;
  private final Broker broker;
  private final Engine engine;
  private final Outbox outbox;
  private final Bug bug;
  private final Map<Key, Held> book = new HashMap<>();
  private boolean isClosing;

  ModelAttempts(
      ModelRunner runner, World world, Broker broker, Engine engine, Outbox outbox, Bug bug) {
    this.runner = runner;
    this.id = runner.id();
    this.world = world;
    this.broker = broker;
    this.engine = engine;
    this.outbox = outbox;
    this.bug = bug;
  }

  boolean isEmpty() {
    return book.isEmpty();
  }

  /** What was said may be lost, and nothing more is. */
  void die() {
    outbox.close();
  }

  /** Hands back what is held, now or when it has ended. */
  void close() {
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
  }

  void lost(JobId job, int attempt) {
    release(new Key(job, attempt), "runner_restarted: the runner was gone", true);
  }

  void stop(Key key) {
    var held = book.get(key);
    if (held != null && held.isRunning) {
      stop(held);
    } else if (held != null) {
      book.remove(key);
    }
  }

  void run(Key key, long timeLeft, long lease) {
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
            engine.start(key.job, key.attempt, runner, work, end -> held.end = Optional.of(end)));
  }

  void take() {
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

  void tick() {
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

  void fence() {
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
  void report() {
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
                        new Complete(
                            key.job,
                            key.attempt,
                            id,
                            ModelRunner.output(key.job, key.attempt, id)));
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

  private void release(Key key, String reason, boolean isLost) {
    outbox.send(released(key, reason, isLost), () -> {});
  }

  private JobCommand released(Key key, String reason, boolean isLost) {
    return new Release(key.job, key.attempt, id, reason, isLost);
  }
}
