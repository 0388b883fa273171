package io.tallyman.processor.simulation;

import io.tallyman.schemas.job.JobId;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** All containers. They go on when their runner is frozen, and outlive it when it crashes. */
final class Engine {

  /** Longest time from the order to kill a container to its end, in ms. */
  private static final long KILL = 300;

  /** How a container ended. */
  enum End {
    SUCCEEDED,
    FAILED,
    KILLED
  }

  /** A container of an attempt. */
  static final class Container {
    final JobId job;
    final int attempt;
    final ModelRunner runner;
    final long startedAt;
    private final Consumer<End> told;
    private boolean isGone;
    private boolean isBeingKilled;

    private Container(
        JobId job, int attempt, ModelRunner runner, long startedAt, Consumer<End> told) {
      this.job = job;
      this.attempt = attempt;
      this.runner = runner;
      this.startedAt = startedAt;
      this.told = told;
    }

    @Override
    public String toString() {
      return "%s-a%d of %s since %d".formatted(job, attempt, runner.id(), startedAt);
    }
  }

  private final World world;
  private final Overlaps overlaps;
  private final List<Container> containers = new ArrayList<>();

  Engine(World world, Overlaps overlaps) {
    this.world = world;
    this.overlaps = overlaps;
  }

  /**
   * @param work in ms, until it ends by itself; 0: never
   * @param told its end, when it comes
   */
  Container start(JobId job, int attempt, ModelRunner runner, long work, Consumer<End> told) {
    var container = new Container(job, attempt, runner, world.now(), told);
    world.note("engine: starts", container, work);
    world.count("container");
    for (var other : containers) {
      if (other.job.equals(job)) {
        overlaps.began(other, container);
      }
    }
    containers.add(container);
    if (work > 0) {
      var end = world.chance(75) ? End.SUCCEEDED : End.FAILED;
      world.in(work, () -> end(container, end));
    }
    return container;
  }

  void kill(Container container) {
    if (!container.isBeingKilled) {
      container.isBeingKilled = true;
      world.in(world.between(1, KILL), () -> end(container, End.KILLED));
    }
  }

  private void end(Container container, End end) {
    if (!container.isGone) {
      world.note("engine has", container, end);
      container.isGone = true;
      containers.remove(container);
      overlaps.ended(container);
      container.told.accept(end);
    }
  }

  /** What runs of that runner, whichever process of it began it. */
  List<Container> of(ModelRunner runner) {
    return containers.stream().filter(container -> container.runner == runner).toList();
  }

  List<Container> all() {
    return List.copyOf(containers);
  }
}
