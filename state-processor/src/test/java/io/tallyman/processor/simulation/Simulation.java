package io.tallyman.processor.simulation;

import io.tallyman.processor.Jobs;
import io.tallyman.processor.domain.JobDecider;
import io.tallyman.processor.domain.JobState;
import io.tallyman.processor.simulation.Invariant.Violation;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobCommand;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobRequest;
import io.tallyman.schemas.job.Policy;
import io.tallyman.schemas.job.RunnerId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * One run of a {@link Plan}: first what clients do and what breaks, then the heal, then everything
 * must come to its end. The decider, the fold and the reactions are the real ones.
 */
final class Simulation {

  static final Duration LEASE = Duration.ofSeconds(6);

  /** After the heal every job must have ended within so many ms, whatever its ttl. */
  private static final long PATIENCE = 300_000;

  private static final long LOOK = 2_000;

  /**
   * What came of a run.
   *
   * @param violation the invariant that did not hold, if one did not
   * @param met how often each fault, event and refusal came
   * @param trace the last things that happened, if asked for
   */
  record Result(
      Optional<Violation> violation, Map<String, Integer> met, int steps, List<String> trace) {}

  /** What is wrong on purpose. */
  record Planted(Rules rules, ModelAttempts.Bug runnerBug) {
    static final Planted NOTHING = new Planted(Rules.real(), ModelAttempts.Bug.NONE);
  }

  private final World world;
  private final Broker broker;
  private final Engine engine;
  private final Checker checker;
  private final ModelProcessor processor;
  private final List<ModelRunner> runners = new ArrayList<>();
  private final long seed;

  private Simulation(Plan plan, Planted planted, boolean isTraced) {
    world = new World(plan.seed(), isTraced);
    seed = plan.seed();
    var decider =
        new JobDecider(Set.of(EndpointName.DEFAULT), Jobs.RETENTION, LEASE, Jobs.MAX_ATTEMPTS);
    broker = new Broker(world);
    var overlaps = new Overlaps(world);
    engine = new Engine(world, overlaps);
    checker = new Checker(world, decider, overlaps);
    processor = new ModelProcessor(world, broker, decider, planted.rules(), checker);
    for (var i = 0; i < Plan.RUNNERS; i++) {
      runners.add(
          new ModelRunner(new RunnerId("runner-" + i), world, broker, engine, planted.runnerBug()));
    }
    for (var act : plan.acts()) {
      world.in(act.at(), () -> perform(act));
    }
  }

  static Result run(Plan plan, Planted planted, boolean isTraced) {
    var simulation = new Simulation(plan, planted, isTraced);
    Optional<Violation> violation = Optional.empty();
    try {
      simulation.run();
    } catch (Violation e) {
      violation = Optional.of(e);
    }
    var world = simulation.world;
    return new Result(violation, world.met(), world.steps(), world.trace());
  }

  private void run() {
    world.runUntil(Plan.CHAOS);
    heal();
    var end = world.now() + PATIENCE;
    world.runUntil(world.now() + Broker.SLOWEST);
    do {
      world.runUntil(world.now() + LOOK);
    } while (world.now() < end && !isQuiet());
    checker.end();
    Invariant.CONTAINERS_GONE.check(engine.all().isEmpty(), "left are " + engine.all());
    // Twice: the clock may have been set back since a job ended.
    world.jumpBroker(2 * Jobs.RETENTION.toMillis());
    world.syncClocks();
    world.runUntil(world.now() + LOOK);
    Invariant.FORGOTTEN_AFTER_RETENTION.check(
        !processor.hasDeadlines()
            && processor.jobs().values().stream().allMatch(JobState.Absent.class::isInstance),
        "left are " + processor.jobs());
  }

  private boolean isQuiet() {
    return checker.isEverythingEnded() && engine.all().isEmpty();
  }

  private void heal() {
    world.note("healed");
    broker.duplicate(false);
    broker.delay(false);
    broker.offerTwice(false);
    world.syncClocks();
    processor.heal();
    runners.forEach(ModelRunner::heal);
  }

  private void perform(Plan.Act act) {
    world.note("act", act);
    var length = act.length();
    switch (act.kind()) {
      case SUBMIT, REPEAT -> say(new JobCommand.Submit(job(act), request(act), "api"));
      case CANCEL -> say(new JobCommand.Cancel(job(act), "api"));
      case RETRY -> say(new JobCommand.Retry(job(act), "api"));
      case CRASH_PROCESSOR_BEFORE_COMMIT -> processor.crashAtCommit(false, length);
      case CRASH_PROCESSOR_AFTER_COMMIT -> processor.crashAtCommit(true, length);
      case FREEZE_PROCESSOR -> processor.freezeInTransaction(length);
      case CRASH_RUNNER -> runners.get(act.target()).crash(length);
      case STOP_RUNNER -> runners.get(act.target()).stop(length);
      case FREEZE_RUNNER -> runners.get(act.target()).freeze(length);
      case CUT_RUNNER -> runners.get(act.target()).cut(length);
      case DUPLICATE -> {
        broker.duplicate(true);
        world.in(length, () -> broker.duplicate(false));
      }
      case DELAY -> {
        broker.delay(true);
        world.in(length, () -> broker.delay(false));
      }
      case DISPATCH_TWICE -> {
        broker.offerTwice(true);
        world.in(length, () -> broker.offerTwice(false));
      }
      case CLOCK_FORWARD -> jump(length, "forward");
      case CLOCK_BACK -> jump(-length, "back");
      case TIMER_CLOCK -> {
        world.count("fault: processor's clock jumps");
        world.jumpTimer(world.chance(50) ? length : -length);
      }
    }
  }

  private void jump(long millis, String where) {
    world.count("fault: clock jumps " + where);
    world.jumpBroker(millis);
  }

  private void say(JobCommand command) {
    world.count("client: " + command.getClass().getSimpleName());
    world.in(broker.latency(), () -> broker.append(command));
  }

  private static JobId job(Plan.Act act) {
    return new JobId("job-" + act.target());
  }

  /** Every third job has short limits, every third ends by leases and reports alone. */
  private JobRequest request(Plan.Act act) {
    var hour = Duration.ofHours(1);
    var policy =
        switch (Math.floorMod(seed + act.target(), 3)) {
          case 0 ->
              new Policy(
                  Duration.ofMillis(Policy.MIN_TIMEOUT_MS),
                  Duration.ofMillis(Policy.MIN_TTL_MS),
                  false);
          case 1 -> new Policy(Duration.ofSeconds(20), hour, false);
          default -> new Policy(hour, hour, false);
        };
    return new JobRequest(
        EndpointName.DEFAULT, Jobs.INPUT, policy, Optional.of(Jobs.WEBHOOK), "f00d");
  }
}
