package io.tallyman.api.jobs;

import io.tallyman.api.kafka.CommandWriter;
import io.tallyman.api.kafka.KafkaLink;
import io.tallyman.api.redis.RedisViews;
import io.tallyman.api.views.JobWatch;
import io.tallyman.api.views.JobWatch.Note;
import io.tallyman.api.views.RecentViews;
import io.tallyman.api.views.Unavailable;
import io.tallyman.runtime.redis.JobViews.Entry;
import io.tallyman.schemas.job.JobCommand.Submit;
import io.tallyman.schemas.job.JobEvent.JobQueued;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobRequest;
import io.tallyman.schemas.job.Rejection;
import java.time.InstantSource;

/**
 * Takes jobs in. Accepted means durable in the log of commands, and known to every read from then
 * on.
 */
public final class Submissions {

  private static final String ACTOR = "api";

  private final CommandWriter writer;
  private final KafkaLink link;
  private final JobReads reads;
  private final JobWatch watch;
  private final Known known;
  private final JobIds ids;

  /** With the places that are told of an accepted job. */
  public Submissions(
      CommandWriter writer,
      KafkaLink link,
      JobReads reads,
      JobWatch watch,
      Known known,
      JobIds ids) {
    this.writer = writer;
    this.link = link;
    this.reads = reads;
    this.watch = watch;
    this.known = known;
    this.ids = ids;
  }

  /**
   * Takes a job in under an id that nobody else has.
   *
   * @throws Unavailable when the log does not take it; then the caller has no job
   */
  public Entry accept(JobId job, JobRequest request) throws Unavailable {
    writer.write(new Submit(job, request, ACTOR), ids.next().toString());
    return known.accepted(job, request);
  }

  /**
   * Takes a job in under an id that follows from an idempotency key, and waits until it is certain
   * which request has that id. A job that the log already has is compared with, however old it is:
   * the state-processor has forgotten it after its retention, and would begin a second history. So
   * nothing is taken while the index may lack it.
   *
   * @throws Unavailable when that is not certain in time; repeating it is safe
   */
  public Outcome acceptOnce(JobId job, JobRequest request) throws Unavailable {
    // Asked first: what the index has read in between counts as unread.
    var isCurrent = link.state().isCurrent();
    var first = reads.firstEvent(job);
    if (first.isPresent()) {
      return first.get().event() instanceof JobQueued queued && isSame(queued, request)
          ? current(job, request)
          : new Outcome.IdTaken();
    }
    if (!link.isListening()) {
      throw new Unavailable(
          Unavailable.Reason.EVENT_LOG_UNAVAILABLE,
          "Expected to hear the answer of the event log, but Kafka does not answer. Try again with"
              + " the same key");
    }
    if (!isCurrent) {
      throw new Unavailable(
          Unavailable.Reason.CATCHING_UP,
          "Expected to know whether this Idempotency-Key was used before, but the event log has not"
              + " been read to its end yet. Try again with the same key");
    }
    try (var waiter = watch.register(job)) {
      var commandId = ids.next().toString();
      writer.write(new Submit(job, request, ACTOR), commandId);
      var patience = new Patience();
      while (true) {
        var note = waiter.next(patience.left()).orElseThrow(() -> patience.isOver(job));
        switch (note) {
          case Note.Happened(JobQueued queued) when isSame(queued, request) -> {
            return new Outcome.Accepted(Entry.of(queued));
          }
          case Note.Refused(var rejection) when rejection.commandId().equals(commandId) -> {
            return refused(rejection, request);
          }
          case Note.Happened _, Note.Refused _ -> {
            // Somebody else's.
          }
          case Note.Stopping _ -> throw patience.isStopping(job);
        }
      }
    }
  }

  private Outcome refused(Rejection rejection, JobRequest request) throws Unavailable {
    return switch (rejection.code()) {
      case ALREADY_EXISTS -> current(rejection.jobId(), request);
      case ID_TAKEN -> new Outcome.IdTaken();
      case UNKNOWN_ENDPOINT, NOT_FOUND, INVALID_STATE, STALE_ATTEMPT ->
          new Outcome.Refused(rejection);
    };
  }

  private Outcome current(JobId job, JobRequest request) throws Unavailable {
    return new Outcome.Accepted(
        reads.find(request.endpoint(), job).orElseGet(() -> known.accepted(job, request)));
  }

  private static boolean isSame(JobQueued queued, JobRequest request) {
    return queued.request().fingerprint().equals(request.fingerprint());
  }

  /** What came of a submission under an idempotency key. */
  public sealed interface Outcome {

    /** This request has the id; its newest state. */
    record Accepted(Entry entry) implements Outcome {}

    /** Another request has the id. */
    record IdTaken() implements Outcome {}

    /** The state-processor does not want it. */
    record Refused(Rejection rejection) implements Outcome {}
  }

  /**
   * Who is told of an accepted job, so that no read says it is unknown.
   *
   * @param redis every api; harmless when it does not answer
   * @param recent this one
   */
  public record Known(RedisViews redis, RecentViews recent, InstantSource clock) {

    Entry accepted(JobId job, JobRequest request) {
      var entry = RecentViews.accepted(job, request.endpoint(), clock);
      recent.accept(entry);
      redis.seed(entry);
      return entry;
    }
  }
}
