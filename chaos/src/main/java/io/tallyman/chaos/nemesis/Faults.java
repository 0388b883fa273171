package io.tallyman.chaos.nemesis;

import io.tallyman.chaos.cluster.Await;
import io.tallyman.chaos.cluster.Cluster;
import io.tallyman.chaos.cluster.FaultProxy.Direction;
import io.tallyman.chaos.cluster.Link;
import io.tallyman.chaos.cluster.Names;
import io.tallyman.chaos.cluster.Node;
import io.tallyman.chaos.cluster.Toxic;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.job.EndpointName;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Makes the faults of a cluster from the steps of a schedule. */
final class Faults {

  private static final String LOG = Topics.EVENTS.name();

  private static final String WEBHOOK_GROUP = "tally-webhooks";
  private static final long REWIND_RECORDS = 1_000;
  private static final Duration STOP_LIMIT = Duration.ofSeconds(20);
  private static final Duration READY_LIMIT = Duration.ofSeconds(30);
  private static final Duration GROUP_LIMIT = Duration.ofSeconds(20);
  private static final int REDIS_MILLIS = 2_000;

  private final Cluster cluster;
  private final Jobs jobs;

  private final Consumer<String> broken;
  private final Consumer<String> notes;

  /**
   * @param broken told of a process that did not stop as it should
   * @param notes told of what could not be done
   */
  Faults(Cluster cluster, Jobs jobs, Consumer<String> broken, Consumer<String> notes) {
    this.cluster = cluster;
    this.jobs = jobs;
    this.broken = broken;
    this.notes = notes;
  }

  /** The fault of a step, with what the step leaves open found out now. */
  Fault of(Step step) throws InterruptedException {
    return switch (step.kind()) {
      case KILL, KILL_TWO_BROKERS, KILL_ALL_BROKERS -> kill(step.targets(), "");
      case KILL_LEADER -> {
        var partition = (int) Math.floorMod(step.choice(), (long) Topics.EVENTS.partitions());
        var leader = cluster.admin().leader(LOG, partition).orElse(1);
        yield kill(List.of("broker-" + leader), "leads %s-%d".formatted(LOG, partition));
      }
      case FREEZE -> {
        var nodes = nodes(step.targets());
        yield fault(
            step.targets(), "", () -> nodes.forEach(Node::freeze), () -> nodes.forEach(Node::thaw));
      }
      case PARTITION ->
          toxic(step.targets(), EnumSet.allOf(Direction.class), List.of(new Toxic.Timeout()));
      case PARTITION_ONE_WAY ->
          toxic(
              step.targets(),
              EnumSet.of(step.choice() % 2 == 0 ? Direction.UPSTREAM : Direction.DOWNSTREAM),
              List.of(new Toxic.Timeout()));
      case RESET ->
          toxic(step.targets(), EnumSet.of(Direction.UPSTREAM), List.of(new Toxic.ResetPeer()));
      case SLOW_LINK ->
          toxic(
              step.targets(),
              EnumSet.allOf(Direction.class),
              List.of(new Toxic.Latency(Duration.ofMillis(100)), new Toxic.Bandwidth(64_000)));
      case LIMIT_DATA ->
          toxic(
              step.targets(),
              EnumSet.of(step.choice() % 2 == 0 ? Direction.UPSTREAM : Direction.DOWNSTREAM),
              List.of(new Toxic.LimitData(Math.floorMod(step.choice(), 20_000L))));
      case SWIZZLE_CLOG -> swizzle(step);
      case REDIS_FLUSH -> fault(step.targets(), "FLUSHALL", this::flush, Fault.NOTHING);
      case DISK_FULL -> diskFull(step.targets().getFirst());
      case CLOCK_JUMP -> {
        var clock = cluster.clock(step.targets().getFirst());
        var offset = step.choice() % 2 == 0 ? "+2h" : "-1h";
        yield fault(step.targets(), offset, () -> clock.jump(offset), clock::heal);
      }
      case OFFSET_REWIND -> rewind(step.targets());
      case POISON -> poison(step);
      case ROLLING_RESTART -> rollingRestart(step.targets());
      case CONTAINER_KILL -> jobs.killOne(step.choice());
    };
  }

  private Fault kill(List<String> targets, String detail) {
    var nodes = nodes(targets);
    return fault(
        targets, detail, () -> nodes.forEach(Node::kill), () -> nodes.forEach(Node::start));
  }

  private Fault toxic(List<String> targets, Set<Direction> directions, List<Toxic> toxics) {
    var links =
        cluster.links().stream().filter(link -> targets.stream().anyMatch(link::touches)).toList();
    return fault(
        targets,
        "%s %s".formatted(directions, toxics),
        () -> each(links, directions, toxics, Link::add),
        () -> each(links, directions, toxics, Link::remove));
  }

  /** What is done to one direction of a link. */
  private interface Change {
    void to(Link link, Direction direction, Toxic toxic);
  }

  private static void each(
      List<Link> links, Set<Direction> directions, List<Toxic> toxics, Change change) {
    for (var link : links) {
      for (var direction : directions) {
        toxics.forEach(toxic -> change.to(link, direction, toxic));
      }
    }
  }

  /** Half of the time links stop one by one, half of the time they come back in another order. */
  private Fault swizzle(Step step) {
    var random = new SplittableRandom(step.choice());
    var victims = new ArrayList<>(Names.SERVICES);
    Collections.shuffle(victims, random);
    var pause = step.length().dividedBy(2L * victims.size());
    var stopped =
        victims.stream()
            .map(
                victim ->
                    toxic(
                        List.of(victim),
                        EnumSet.allOf(Direction.class),
                        List.of(new Toxic.Timeout())))
            .collect(Collectors.toCollection(ArrayList::new));
    return fault(
        Names.SERVICES,
        "stopped in the order " + victims,
        () -> {
          for (var one : stopped) {
            one.inject().run();
            Await.pause(pause);
          }
        },
        () -> {
          Collections.shuffle(stopped, random);
          for (var one : stopped) {
            one.heal().run();
            Await.pause(pause);
          }
        });
  }

  private void flush() {
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), cluster.redisPort())) {
      socket.setSoTimeout(REDIS_MILLIS);
      socket.getOutputStream().write("FLUSHALL\r\n".getBytes(StandardCharsets.US_ASCII));
      if (socket.getInputStream().read() != '+') {
        throw new IllegalStateException("Expected Redis to obey FLUSHALL, but it refused");
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Expected Redis to obey FLUSHALL", e);
    }
  }

  /** A broker without space ends itself, or hangs: it is started again when there is space. */
  private Fault diskFull(String broker) {
    var disk = cluster.disk(broker);
    var node = cluster.node(broker);
    return fault(
        List.of(broker),
        "",
        disk::fill,
        () -> {
          node.kill();
          disk.free();
          node.start();
        });
  }

  private Fault rewind(List<String> dispatchers) {
    return fault(
        dispatchers,
        "by %d records in each partition".formatted(REWIND_RECORDS),
        () -> {
          for (var dispatcher : dispatchers) {
            stop(dispatcher);
          }
          var isBack = Await.until(GROUP_LIMIT, () -> isRewound(WEBHOOK_GROUP));
          if (!isBack) {
            notes.accept("the group %s could not be set back".formatted(WEBHOOK_GROUP));
          }
        },
        () -> nodes(dispatchers).forEach(Node::start));
  }

  /** Kafka refuses as long as the group has members, killed ones among them. */
  private boolean isRewound(String group) throws InterruptedException {
    try {
      cluster.admin().rewind(group, REWIND_RECORDS);
      return true;
    } catch (IllegalStateException _) {
      return false;
    }
  }

  private Fault poison(Step step) {
    var dispatch = Topics.dispatch(EndpointName.DEFAULT, step.choice() % 2 == 0).name();
    var kinds = Poison.KINDS;
    var events = kinds.get((int) Math.floorMod(step.choice(), (long) kinds.size()));
    return fault(
        List.of(),
        "%d kinds to %s, one to %s, %s and %s"
            .formatted(
                kinds.size(),
                Topics.COMMANDS.name(),
                Topics.EVENTS.name(),
                Topics.CONTROL.name(),
                dispatch),
        () -> {
          for (var kind : kinds) {
            write(Topics.COMMANDS.name(), kind);
          }
          write(Topics.EVENTS.name(), events);
          write(Topics.CONTROL.name(), Poison.KINDS.get(2));
          write(dispatch, Poison.KINDS.get(2));
        },
        Fault.NOTHING);
  }

  private void write(String topic, Poison kind) throws InterruptedException {
    try {
      var value = kind.value();
      cluster
          .admin()
          .write(
              topic,
              kind.key(),
              value == null ? null : value.getBytes(StandardCharsets.ISO_8859_1),
              kind.headers());
    } catch (IllegalStateException | TimeoutException e) {
      // With brokers away: what arrived all the same is in the log, and judged.
      notes.accept(
          "poison of kind %s was not acknowledged: %s".formatted(kind.kind(), e.getMessage()));
    }
  }

  private Fault rollingRestart(List<String> targets) {
    return fault(
        targets,
        "SIGTERM and start, one after the other",
        () -> {
          for (var target : targets) {
            stop(target);
            cluster.node(target).start();
            Await.until(READY_LIMIT, () -> cluster.isReady(target));
          }
        },
        () -> nodes(targets).forEach(Node::start));
  }

  private void stop(String name) throws InterruptedException {
    var code = cluster.node(name).terminate(STOP_LIMIT);
    if (!ExitCodes.isOrderly(code)) {
      broken.accept(ExitCodes.complaint(name, code, STOP_LIMIT));
    }
  }

  private Fault fault(List<String> targets, String detail, Fault.Action inject, Fault.Action heal) {
    var names =
        targets.isEmpty()
            ? Stream.of("kafka")
            : targets.stream().map(target -> cluster.node(target).name());
    return new Fault(names.collect(Collectors.joining(" ")), detail, inject, heal);
  }

  private List<Node> nodes(List<String> names) {
    return names.stream().map(cluster::node).toList();
  }
}
