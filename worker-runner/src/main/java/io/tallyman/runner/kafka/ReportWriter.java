package io.tallyman.runner.kafka;

import io.tallyman.runner.attempt.AttemptId;
import io.tallyman.runner.attempt.FailureCode;
import io.tallyman.runner.attempt.Outcome.Failed;
import io.tallyman.runner.attempt.OutputSink;
import io.tallyman.runner.attempt.Reports;
import io.tallyman.runtime.kafka.KafkaSettings;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.job.JobCommand;
import io.tallyman.schemas.job.JobOutput;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.schemas.job.RunnerHeartbeat;
import io.tallyman.schemas.job.RunnerId;
import io.tallyman.schemas.kafka.Records;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes what a runner says: commands, output, heartbeats. Commands go through a producer of their
 * own, so that a flood of output never holds up a report. All commands of a job are in the order in
 * which they were made.
 */
public final class ReportWriter implements Reports, AutoCloseable {

  /** A report is tried this long by the client, and then again by us. */
  private static final int COMMAND_TIMEOUT_MS = 120_000;

  /** Output and heartbeats are worthless when late; they are dropped, and that is logged. */
  private static final int OUTPUT_TIMEOUT_MS = 5_000;

  /** Between two tries of a report that the client gave up. */
  private static final Duration PAUSE = Duration.ofSeconds(1);

  /** What both producers get to flush in {@link #close()}, together. */
  private static final Duration CLOSE_PATIENCE = Duration.ofMillis(800);

  private static final Logger LOG = LoggerFactory.getLogger(ReportWriter.class);

  private final RunnerId runner;
  private final InstantSource clock;
  private final Producer<String, byte[]> commands;
  private final Producer<String, byte[]> output;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final AtomicLong lastHeartbeat = new AtomicLong();
  private final AtomicLong dropped = new AtomicLong();

  /** Connects in the background. */
  public ReportWriter(String bootstrapServers, RunnerId runner, InstantSource clock) {
    this.runner = runner;
    this.clock = clock;
    this.commands =
        KafkaSettings.producer(bootstrapServers, runner + "-commands", COMMAND_TIMEOUT_MS);
    this.output = KafkaSettings.producer(bootstrapServers, runner + "-output", OUTPUT_TIMEOUT_MS);
  }

  /** Asks to run an attempt; the future is done when the question is durable. */
  Future<RecordMetadata> start(AttemptId id) {
    return send(id, "start", new JobCommand.Start(id.jobId(), id.attempt(), runner));
  }

  @Override
  public void startAgain(AttemptId id) {
    var _ = start(id);
  }

  @Override
  public void complete(AttemptId id, RawJson result) throws InterruptedException {
    try {
      deliver(id, "complete", new JobCommand.Complete(id.jobId(), id.attempt(), runner, result));
    } catch (RecordTooLargeException e) {
      LOG.warn("{}: Kafka refused its result of {} bytes as too large", id, result.size());
      var failed =
          new Failed(
              FailureCode.OUTPUT_TOO_LARGE,
              "Expected a result that fits a Kafka record, but got %d bytes"
                  .formatted(result.size()));
      fail(id, failed.error());
    }
  }

  @Override
  public void fail(AttemptId id, String error) throws InterruptedException {
    deliver(id, "fail", new JobCommand.Fail(id.jobId(), id.attempt(), runner, error));
  }

  @Override
  public void release(AttemptId id, String reason) {
    release(id, reason, false);
  }

  @Override
  public void lost(AttemptId id, String reason) {
    release(id, reason, true);
  }

  private void release(AttemptId id, String reason, boolean isLost) {
    var _ =
        send(
            id,
            "release",
            new JobCommand.Release(id.jobId(), id.attempt(), runner, reason, isLost));
  }

  @Override
  public void renew(AttemptId id, Runnable renewed) {
    var now = clock.instant();
    var _ =
        commands.send(
            Records.of(
                Topics.COMMANDS,
                id.jobId().value(),
                new JobCommand.Renew(id.jobId(), id.attempt(), runner),
                "%s:%d:%s:renew-%d".formatted(id.jobId(), id.attempt(), runner, now.toEpochMilli()),
                source(),
                now),
            (_, failure) -> {
              if (failure == null) {
                renewed.run();
              } else {
                LOG.warn("{}: its lease was not renewed: {}", id, failure.getMessage());
              }
            });
  }

  @Override
  public OutputSink output(AttemptId id) {
    var count = new AtomicLong();
    return (channel, text) -> {
      var now = clock.instant();
      var message = new JobOutput(id.jobId(), id.attempt(), runner, now, channel, text);
      var record =
          Records.of(
              Topics.OUTPUT,
              id.jobId().value(),
              message,
              "%s:%d:%s:output-%d"
                  .formatted(id.jobId(), id.attempt(), runner, count.incrementAndGet()),
              source(),
              now);
      var _ =
          output.send(
              record,
              (_, failure) -> {
                if (failure != null && dropped.getAndIncrement() % 1_000 == 0) {
                  LOG.warn(
                      "output dropped, {} records so far: {}", dropped.get(), failure.getMessage());
                }
              });
    };
  }

  /** Says that the runner is alive. Does not wait; {@link #sinceHeartbeat()} tells how it went. */
  void heartbeat(RunnerHeartbeat heartbeat) {
    var record =
        Records.of(
            Topics.HEARTBEATS,
            runner.value(),
            heartbeat,
            "%s:%s".formatted(runner, heartbeat.time()),
            source(),
            heartbeat.time());
    var _ =
        output.send(
            record,
            (_, failure) -> {
              if (failure == null) {
                lastHeartbeat.set(System.nanoTime());
              }
            });
  }

  /** How long ago Kafka acknowledged a heartbeat; huge when never. */
  Duration sinceHeartbeat() {
    var last = lastHeartbeat.get();
    return last == 0 ? Duration.ofDays(1) : Duration.ofNanos(Math.max(0, System.nanoTime() - last));
  }

  private Future<RecordMetadata> send(AttemptId id, String verb, JobCommand command) {
    return commands.send(
        Records.of(
            Topics.COMMANDS,
            id.jobId().value(),
            command,
            "%s:%d:%s:%s".formatted(id.jobId(), id.attempt(), runner, verb),
            source(),
            clock.instant()));
  }

  /** Until it is durable, however long that takes: the report is all that is left of the run. */
  private void deliver(AttemptId id, String verb, JobCommand command) throws InterruptedException {
    while (true) {
      try {
        send(id, verb, command).get();
        return;
      } catch (ExecutionException e) {
        if (e.getCause() instanceof RecordTooLargeException tooLarge) {
          throw tooLarge;
        }
        LOG.warn(
            "{}: Kafka did not take its {} report ({}); trying again in {} s",
            id,
            verb,
            e.getCause(),
            PAUSE.toSeconds());
      } catch (IllegalStateException e) {
        // The producer was closed under us: the runner stops, and hands the attempt back.
        throw new InterruptedException("Told to stop before the %s report".formatted(verb));
      }
      if (closed.await(PAUSE.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new InterruptedException("Told to stop before the %s report".formatted(verb));
      }
    }
  }

  private String source() {
    return "/runner/" + runner;
  }

  @Override
  public void close() {
    closed.countDown();
    commands.close(CLOSE_PATIENCE.multipliedBy(3).dividedBy(4));
    output.close(CLOSE_PATIENCE.dividedBy(4));
  }
}
