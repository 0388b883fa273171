package io.tallyman.processor.topology;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.processor.domain.Decision;
import io.tallyman.processor.domain.JobDecider;
import io.tallyman.processor.domain.JobState;
import io.tallyman.processor.domain.Reaction;
import io.tallyman.schemas.MessageTypes;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.job.JobCommand;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.Rejection;
import io.tallyman.schemas.json.MalformedMessage;
import io.tallyman.schemas.json.MessageCodec;
import io.tallyman.schemas.kafka.Records;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts the rules to work: one command in; its events or its rejection, the orders to runners, the
 * state and the deadline out, all in one transaction. Nothing is written before everything is
 * decided, so a command that fails to be decided leaves only its dead letter.
 */
final class DeciderProcessor implements Processor<byte[], byte[], byte[], byte[]> {

  private static final Logger LOG = LoggerFactory.getLogger(DeciderProcessor.class);

  static final String JOBS = "jobs";
  static final String DEADLINES = "deadlines";

  /**
   * How often due deadlines are looked for; a time limit is at most this much, and a step, late.
   * Streams takes the wall clock for it, which does not jump here: see class {@code SystemTime}.
   */
  static final Duration TICK = Duration.ofMillis(100);

  /** Deadlines that one look turns into commands; the rest waits for the next. */
  static final int DUE_PER_TICK = 1_000;

  private static final String SOURCE = "/state-processor";

  private final JobDecider decider;
  private final BrokerClock clock = new BrokerClock();
  private @Nullable ProcessorContext<byte[], byte[]> maybeContext;
  private @Nullable KeyValueStore<String, byte[]> maybeJobs;
  private @Nullable Deadlines maybeDeadlines;

  DeciderProcessor(JobDecider decider) {
    this.decider = decider;
  }

  @Override
  public void init(ProcessorContext<byte[], byte[]> context) {
    maybeContext = context;
    maybeJobs = context.getStateStore(JOBS);
    KeyValueStore<Bytes, byte[]> deadlines = context.getStateStore(DEADLINES);
    maybeDeadlines = new Deadlines(deadlines);
    context.schedule(TICK, PunctuationType.WALL_CLOCK_TIME, this::tick);
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    var at = Instant.ofEpochMilli(record.timestamp());
    clock.raise(at, context().currentSystemTimeMs());
    JobCommand command;
    Step step;
    List<Outgoing> records;
    try {
      command = command(record);
      step = decide(command, at);
      records = records(command, step, record.headers(), at);
    } catch (MalformedMessage e) {
      bury(record, e.getMessage());
      return;
    } catch (RuntimeException e) {
      // A bug of ours, in pure code: the command is kept aside for a person, the others go on.
      LOG.error("a command could not be decided; it goes to the dead letters", e);
      bury(record, "Expected to decide the command, but failed: " + e);
      return;
    }
    if (command instanceof JobCommand.Expire) {
      learnTime(step.before(), record.headers(), at);
    }
    records.forEach(one -> context().forward(one.record(), one.sink()));
    if (step.decision() instanceof Decision.Accepted) {
      store(command, step, at);
    }
  }

  /** An early timer proves that it was written by a clock that is ahead of the broker's. */
  private void learnTime(JobState before, Headers headers, Instant at) {
    clock.answered(Optional.ofNullable(Records.text(headers, "ce_id")));
    if (decider.deadline(before).filter(at::isBefore).isPresent()) {
      clock.set(at, context().currentSystemTimeMs());
    }
  }

  /** A command with what it met and what it leads to. */
  private record Step(
      JobState before, Decision decision, JobState after, List<Reaction> reactions) {}

  private Step decide(JobCommand command, Instant at) {
    var before = JobStateFormat.read(jobs().get(command.jobId().value()));
    var decision = decider.decide(before, command, at);
    var after = decider.after(before, decision);
    return new Step(before, decision, after, Reaction.of(before, command, decision, after));
  }

  /** A record on its way to a sink. */
  private record Outgoing(String sink, Record<byte[], byte[]> record) {}

  /**
   * All that a decision leads to.
   *
   * @throws MalformedMessage when Kafka would not take one of them, which would end the thread, and
   *     each that takes its place
   */
  private static List<Outgoing> records(JobCommand command, Step step, Headers headers, Instant at)
      throws MalformedMessage {
    var records = new ArrayList<Outgoing>();
    switch (step.decision()) {
      case Decision.Accepted(var events, _) ->
          events.forEach(event -> records.add(outgoing(event, at)));
      case Decision.Rejected(var code, var detail) ->
          records.add(
              outgoing(
                  new Rejection(
                      command.jobId(),
                      Objects.requireNonNullElse(Records.text(headers, "ce_id"), ""),
                      MessageTypes.of(command).name(),
                      code,
                      detail,
                      at),
                  at));
    }
    var ordinal = 0;
    for (var reaction : step.reactions()) {
      records.add(outgoing(command.jobId(), reaction, ordinal++, at));
    }
    for (var one : records) {
      // The state of a job is smaller than the event that it comes from.
      var record = one.record();
      if (!Records.fits(record.key(), record.value(), record.headers())) {
        throw new MalformedMessage(
            "Expected a command that leads to records of at most %d bytes, but the %s has %d and its headers"
                .formatted(
                    Topics.MAX_RECORD_BYTES,
                    Records.text(record.headers(), "ce_type"),
                    record.value().length));
      }
    }
    return records;
  }

  private void store(JobCommand command, Step step, Instant at) {
    var job = command.jobId();
    var isTimer = command instanceof JobCommand.Expire;
    var after =
        isTimer && decider.isForgettable(step.after(), at) ? new JobState.Absent() : step.after();
    if (!after.equals(step.before())) {
      jobs().put(job.value(), JobStateFormat.write(after));
    }
    var was = decider.deadline(step.before());
    var is = decider.deadline(after);
    // The entry of an Expire was taken when it fired: if the job still has that deadline, set it.
    if (isTimer || !is.equals(was)) {
      was.ifPresent(due -> deadlines().clear(due, job));
      is.ifPresent(due -> deadlines().set(due, job));
    }
  }

  private void tick(long monotonic) {
    var due =
        clock.now(monotonic).map(now -> deadlines().takeDue(now, DUE_PER_TICK)).orElseGet(List::of);
    due.forEach(job -> expire(job, monotonic));
    if (due.isEmpty() && clock.mustAsk(monotonic)) {
      deadlines().first().ifPresent(job -> clock.asked(expire(job, monotonic)));
    }
  }

  /** The id of the command. Early or not, its record says what time it is at the broker. */
  private String expire(JobId job, long monotonic) {
    var id = "%s:expire:%d".formatted(job, monotonic);
    var timer =
        outgoing(
            JobTopology.TIMERS,
            job.value(),
            new JobCommand.Expire(job),
            id,
            clock.now(monotonic).orElse(Instant.ofEpochMilli(monotonic)));
    context().forward(timer.record(), timer.sink());
    return id;
  }

  private static Outgoing outgoing(JobEvent event, Instant at) {
    var meta = event.meta();
    return outgoing(
        JobTopology.EVENTS,
        meta.jobId().value(),
        event,
        "%s:%d".formatted(meta.jobId(), meta.sequence()),
        at);
  }

  private static Outgoing outgoing(Rejection rejection, Instant at) {
    return outgoing(
        JobTopology.REJECTIONS,
        rejection.jobId().value(),
        rejection,
        rejection.commandId() + ":rejected",
        at);
  }

  private static Outgoing outgoing(JobId job, Reaction reaction, int ordinal, Instant at) {
    return switch (reaction) {
      case Reaction.Offer(var dispatch, var lowPriority) ->
          outgoing(
              JobTopology.dispatch(dispatch.endpoint(), lowPriority),
              job.value(),
              dispatch,
              "%s:dispatch:%d".formatted(job, dispatch.attempt()),
              at);
      case Reaction.Tell(var order) ->
          outgoing(
              JobTopology.CONTROL,
              order.runner().value(),
              order,
              "%s:control:%d:%d:%d".formatted(job, order.attempt(), at.toEpochMilli(), ordinal),
              at);
    };
  }

  private static Outgoing outgoing(String sink, String key, Object message, String id, Instant at) {
    return new Outgoing(
        sink,
        new Record<>(
            key.getBytes(UTF_8),
            MessageCodec.encode(message),
            at.toEpochMilli(),
            Records.headers(message, key, id, SOURCE, at)));
  }

  private JobCommand command(Record<byte[], byte[]> record) throws MalformedMessage {
    var command = Records.decode(JobCommand.class, record.headers(), record.value());
    var key = record.key();
    if (key == null || !new String(key, UTF_8).equals(command.jobId().value())) {
      throw new MalformedMessage(
          "Expected the record's key to be the job id '%s'".formatted(command.jobId()));
    }
    return command;
  }

  private void bury(Record<byte[], byte[]> record, String reason) {
    var origin = context().recordMetadata().orElseThrow();
    LOG.warn(
        "dead letter from {}-{}@{}: {}",
        origin.topic(),
        origin.partition(),
        origin.offset(),
        reason);
    var letter =
        Records.deadLetter(
            new ConsumerRecord<>(
                origin.topic(),
                origin.partition(),
                origin.offset(),
                record.timestamp(),
                TimestampType.CREATE_TIME,
                ConsumerRecord.NULL_SIZE,
                ConsumerRecord.NULL_SIZE,
                record.key(),
                record.value(),
                record.headers(),
                Optional.empty()),
            reason,
            "state-processor");
    context()
        .forward(
            new Record<>(letter.key(), letter.value(), record.timestamp(), letter.headers()),
            JobTopology.DEAD_LETTERS);
  }

  private ProcessorContext<byte[], byte[]> context() {
    return Objects.requireNonNull(maybeContext);
  }

  private KeyValueStore<String, byte[]> jobs() {
    return Objects.requireNonNull(maybeJobs);
  }

  private Deadlines deadlines() {
    return Objects.requireNonNull(maybeDeadlines);
  }
}
