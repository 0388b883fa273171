package io.tallyman.processor.simulation;

import io.tallyman.schemas.job.Dispatch;
import io.tallyman.schemas.job.JobCommand;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.RunnerControl;
import io.tallyman.schemas.job.RunnerId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The log: partitions of commands with transactions, orders to runners, a share group. */
final class Broker {

  static final int PARTITIONS = 2;

  /** How long one taker of a dispatch keeps it from the others, in ms. */
  private static final long LOCK = 3_000;

  /** A delayed message is under way for less than this, in ms. */
  static final long SLOWEST = 4_000;

  private enum Status {
    PENDING,
    COMMITTED,
    ABORTED
  }

  /** A command on the log. A reader waits before a pending one, and steps over an aborted one. */
  static final class Entry {
    final JobCommand command;
    final Instant at;
    private Status status;

    private Entry(JobCommand command, Instant at, Status status) {
      this.command = command;
      this.at = at;
      this.status = status;
    }

    void end(boolean isCommitted) {
      status = isCommitted ? Status.COMMITTED : Status.ABORTED;
    }

    boolean isAborted() {
      return status == Status.ABORTED;
    }
  }

  /** An order on the log. */
  record Order(RunnerControl control, Instant at) {}

  /** A dispatch until somebody accepted it. */
  static final class Offered {
    final Dispatch dispatch;
    private long lockedUntil;
    private boolean isAccepted;

    private Offered(Dispatch dispatch) {
      this.dispatch = dispatch;
    }
  }

  private final World world;
  private final List<List<Entry>> commands = new ArrayList<>();
  private final Map<RunnerId, List<Order>> orders = new HashMap<>();
  private final List<Offered> offered = new ArrayList<>();
  private boolean isDuplicating;
  private boolean isDelaying;
  private boolean isOfferingTwice;

  Broker(World world) {
    this.world = world;
    for (var i = 0; i < PARTITIONS; i++) {
      commands.add(new ArrayList<>());
    }
  }

  void duplicate(boolean isOn) {
    isDuplicating = isOn;
  }

  void delay(boolean isOn) {
    isDelaying = isOn;
  }

  void offerTwice(boolean isOn) {
    isOfferingTwice = isOn;
  }

  /** How long a message is under way, in ms. */
  long latency() {
    if (isDelaying && world.chance(30)) {
      world.count("fault: delayed");
      return world.between(100, SLOWEST);
    }
    return world.between(1, 20);
  }

  static int partition(JobId job) {
    return Math.floorMod(job.hashCode(), PARTITIONS);
  }

  void append(JobCommand command) {
    write(command, Status.COMMITTED);
    if (isDuplicating && world.chance(30)) {
      world.count("fault: duplicated");
      world.in(world.chance(50) ? 0 : latency(), () -> write(command, Status.COMMITTED));
    }
  }

  Entry appendPending(JobCommand command) {
    return write(command, Status.PENDING);
  }

  private Entry write(JobCommand command, Status status) {
    var entry = new Entry(command, world.brokerTime(), status);
    commands.get(partition(command.jobId())).add(entry);
    world.note("log", command, status);
    return entry;
  }

  /** The entry at that offset, if a reader of committed records may see it yet. */
  Optional<Entry> read(int partition, int offset) {
    var entries = commands.get(partition);
    return offset < entries.size() && entries.get(offset).status != Status.PENDING
        ? Optional.of(entries.get(offset))
        : Optional.empty();
  }

  void order(RunnerControl control, Instant at) {
    world.note("order", control);
    orders(control.runner()).add(new Order(control, at));
  }

  List<Order> orders(RunnerId runner) {
    return orders.computeIfAbsent(runner, _ -> new ArrayList<>());
  }

  void offer(Dispatch dispatch) {
    offered.add(new Offered(dispatch));
  }

  /** The first dispatch that nobody else has. */
  Optional<Offered> acquire() {
    for (var one : offered) {
      var isTwice = isOfferingTwice && one.lockedUntil > world.now() && world.chance(20);
      if (!one.isAccepted && (one.lockedUntil <= world.now() || isTwice)) {
        if (isTwice) {
          world.count("fault: dispatched twice");
        }
        one.lockedUntil = world.now() + LOCK;
        return Optional.of(one);
      }
    }
    return Optional.empty();
  }

  /** Nobody else gets it, unless the acknowledgement is lost. */
  void accept(Offered one) {
    if (isOfferingTwice && world.chance(30)) {
      world.count("fault: dispatched twice");
      return;
    }
    one.isAccepted = true;
    offered.remove(one);
  }
}
