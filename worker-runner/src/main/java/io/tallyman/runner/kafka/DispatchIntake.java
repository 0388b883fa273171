package io.tallyman.runner.kafka;

import io.tallyman.runner.attempt.AttemptId;
import io.tallyman.runner.attempt.Attempts;
import io.tallyman.schemas.job.Dispatch;
import io.tallyman.schemas.json.MalformedMessage;
import io.tallyman.schemas.kafka.Records;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.ShareConsumer;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.InterruptException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes dispatched attempts of one priority through the share group. The group only hands a record
 * over: it is accepted as soon as the attempt's Start is durable, never held while the job runs.
 *
 * <p>A record that is given back too often would be gone without a trace, and its job would wait
 * until it expires. So one delivery before the last it is not given back any more: an attempt that
 * has a slot keeps it, and asks again; one that has none is started and released in one go, and the
 * state-processor dispatches the job anew.
 */
final class DispatchIntake implements Runnable {

  /** A Start must be durable well within the lock on its record, 30 s. */
  private static final Duration START_PATIENCE = Duration.ofSeconds(15);

  /**
   * Short. Each dispatch is followed by the marker of its transaction, and a fetch that brings only
   * a marker is an answer without records, after which the client fetches no more in that poll: a
   * poll of 1 s made of a backlog three jobs a second. A fetch that is still out when the poll ends
   * is taken up by the next one, which follows at once.
   */
  private static final Duration POLL = Duration.ofMillis(25);

  /** Nothing came for so long, more than {@link ShareGroup#FETCH_WAIT}: there is nothing. */
  private static final Duration IDLE_AFTER = Duration.ofSeconds(1);

  /**
   * A member that does not poll keeps its partitions, and what waits there waits for it while
   * others have nothing to do. So it leaves the group when it could take nothing for this long.
   * Coming back takes up to one heartbeat interval of the group.
   */
  private static final Duration LEAVE_AFTER = Duration.ofSeconds(5);

  private static final Duration CLOSE_PATIENCE = Duration.ofMillis(500);

  private static final Logger LOG = LoggerFactory.getLogger(DispatchIntake.class);

  private final Supplier<ShareConsumer<byte[], byte[]>> consumers;
  private final Lane lane;
  private final int batch;
  private final Attempts attempts;
  private final ReportWriter writer;
  private final Tools tools;

  /** What both lanes share. */
  record Tools(DeadLetters deadLetters, Pause pause) {}

  DispatchIntake(
      Supplier<ShareConsumer<byte[], byte[]>> consumers,
      Lane lane,
      int batch,
      Attempts attempts,
      ReportWriter writer,
      Tools tools) {
    this.consumers = consumers;
    this.lane = lane;
    this.batch = batch;
    this.attempts = attempts;
    this.writer = writer;
    this.tools = tools;
  }

  @Override
  public void run() {
    while (!tools.pause().isEnded()) {
      try {
        if (mayPoll()) {
          poll();
        }
      } catch (InterruptedException | InterruptException _) {
        // Told to stop; the loop's condition ends it.
        LOG.debug("{} intake told to stop", lane.name());
      } catch (Exception e) {
        LOG.warn("{} dispatches cannot be read ({}); trying again", lane.name(), e.toString());
        tools.pause().await();
      }
    }
  }

  private boolean mayPoll() throws InterruptedException {
    return lane.awaitTurn(LEAVE_AFTER) && attempts.awaitFree(batch, LEAVE_AFTER);
  }

  /** As a member of the group, until it has been unable to take anything for a while. */
  private void poll() throws InterruptedException {
    var consumer = consumers.get();
    try {
      var cameAt = System.nanoTime();
      while (!tools.pause().isEnded() && mayPoll()) {
        var records = consumer.poll(POLL);
        var now = System.nanoTime();
        cameAt = records.isEmpty() ? cameAt : now;
        lane.polled(now - cameAt > IDLE_AFTER.toNanos());
        take(consumer, records);
      }
      LOG.debug("{} intake leaves the share group for now", lane.name());
    } finally {
      // The flag must not disturb the close, which sends the last acknowledgements.
      var isInterrupted = Thread.interrupted();
      consumer.close(CLOSE_PATIENCE);
      if (isInterrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void take(
      ShareConsumer<byte[], byte[]> consumer, ConsumerRecords<byte[], byte[]> records) {
    if (records.isEmpty()) {
      return;
    }
    var taken = new ArrayList<Taken>(records.count());
    for (var record : records) {
      try {
        var dispatch = Records.decode(Dispatch.class, Dispatch::jobId, record);
        var id = new AttemptId(dispatch.jobId(), dispatch.attempt());
        switch (attempts.offer(dispatch)) {
          case TAKEN -> taken.add(new Taken(record, id, writer.start(id), true));
          case KNOWN -> consumer.acknowledge(record, AcknowledgeType.ACCEPT);
          case REFUSED -> {
            if (isRunningOut(record)) {
              taken.add(new Taken(record, id, handBack(id), false));
            } else {
              consumer.acknowledge(record, AcknowledgeType.RELEASE);
            }
          }
        }
      } catch (MalformedMessage e) {
        var buried = tools.deadLetters().bury(record, e.getMessage());
        consumer.acknowledge(record, buried ? AcknowledgeType.REJECT : AcknowledgeType.RELEASE);
      }
    }
    var deadline = System.nanoTime() + START_PATIENCE.toNanos();
    for (var one : taken) {
      consumer.acknowledge(one.record(), settle(one, deadline - System.nanoTime()));
    }
    consumer.commitAsync();
  }

  private AcknowledgeType settle(Taken one, long patienceNanos) {
    try {
      one.start().get(Math.max(0, patienceNanos), TimeUnit.NANOSECONDS);
      return AcknowledgeType.ACCEPT;
    } catch (ExecutionException | TimeoutException e) {
      if (one.isHeld() && isRunningOut(one.record())) {
        // The attempts ask again about what is not answered, as long as this runner lives.
        LOG.error(
            "{}: its Start is not durable ({}), and nobody else may get it any more; keeping it",
            one.id(),
            e.toString());
        return AcknowledgeType.ACCEPT;
      }
      LOG.warn("{}: its Start is not durable ({}); giving it to somebody else", one.id(), e);
      // Should the Start turn up after all, its answer finds nobody here, and is handed back.
      attempts.withdraw(one.id());
      return AcknowledgeType.RELEASE;
    } catch (InterruptedException _) {
      // The runner stops. The attempt stays held, so that it is handed back after its Start.
      Thread.currentThread().interrupt();
      return AcknowledgeType.RELEASE;
    }
  }

  private Future<RecordMetadata> handBack(AttemptId id) {
    LOG.warn("{}: nobody had room for it so far; having it dispatched anew", id);
    var start = writer.start(id);
    writer.release(id, "not_taken: no runner that was offered the job had room for it");
    return start;
  }

  private static boolean isRunningOut(ConsumerRecord<byte[], byte[]> record) {
    return record.deliveryCount().orElse((short) 1) >= ShareGroup.DELIVERY_LIMIT - 1;
  }

  /**
   * A dispatch that is accepted when its Start is durable.
   *
   * @param isHeld whether it has a slot here
   */
  private record Taken(
      ConsumerRecord<byte[], byte[]> record,
      AttemptId id,
      Future<RecordMetadata> start,
      boolean isHeld) {}
}
