package io.tallyman.processor.simulation;

import io.tallyman.schemas.job.JobCommand;
import io.tallyman.schemas.job.JobId;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/**
 * What a runner's process says: in order per job, over a network that is slow or away, again until
 * it is acknowledged. What was under way when the process died arrives or does not.
 */
final class Outbox {

  /** How long until a frozen or cut off sender looks again, in ms. */
  private static final long PAUSE = 200;

  private record Message(JobCommand command, Runnable acknowledged) {}

  private final World world;
  private final Broker broker;
  private final Sleep sleep;
  private final Map<JobId, Deque<Message>> queues = new HashMap<>();
  private boolean isClosed;

  Outbox(World world, Broker broker, Sleep sleep) {
    this.world = world;
    this.broker = broker;
    this.sleep = sleep;
  }

  void send(JobCommand command, Runnable acknowledged) {
    var queue = queues.computeIfAbsent(command.jobId(), _ -> new ArrayDeque<>());
    queue.add(new Message(command, acknowledged));
    if (queue.size() == 1) {
      world.in(broker.latency(), () -> deliver(queue));
    }
  }

  void close() {
    isClosed = true;
  }

  private void deliver(Deque<Message> queue) {
    if (isClosed) {
      if (world.chance(50) && !sleep.isCut()) {
        broker.append(queue.element().command());
      }
      return;
    }
    if (isSilent()) {
      world.in(PAUSE, () -> deliver(queue));
      return;
    }
    broker.append(queue.element().command());
    world.in(broker.latency(), () -> acknowledge(queue));
  }

  private void acknowledge(Deque<Message> queue) {
    if (isClosed) {
      return;
    }
    if (isSilent()) {
      world.in(PAUSE, () -> acknowledge(queue));
      return;
    }
    queue.remove().acknowledged().run();
    if (!queue.isEmpty()) {
      world.in(broker.latency(), () -> deliver(queue));
    }
  }

  private boolean isSilent() {
    return sleep.isCut() || sleep.isFrozen();
  }
}
