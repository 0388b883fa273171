package io.tallyman.api.jobs;

import io.tallyman.api.kafka.CommandWriter;
import io.tallyman.api.views.JobWatch;
import io.tallyman.api.views.JobWatch.Note;
import io.tallyman.api.views.JobWatch.Waiter;
import io.tallyman.api.views.Unavailable;
import io.tallyman.runtime.redis.JobViews.Entry;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobCommand.Cancel;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.Rejection;
import java.time.Duration;
import java.util.Optional;

/** Ends jobs on request. Cancelling one that has ended changes nothing and tells how it ended. */
public final class Cancellations {

  /**
   * How long the end of a job is waited for after the processor said that it has ended: the two
   * topics are read by two threads.
   */
  private static final Duration LATE_EVENT = Duration.ofSeconds(2);

  private final CommandWriter writer;
  private final JobReads reads;
  private final JobWatch watch;
  private final JobIds ids;

  /** With what finds, tells and hears. */
  public Cancellations(CommandWriter writer, JobReads reads, JobWatch watch, JobIds ids) {
    this.writer = writer;
    this.reads = reads;
    this.watch = watch;
    this.ids = ids;
  }

  /**
   * How the job is after it: CANCELLED, or as it ended before. Empty when there is no such job.
   *
   * @throws Unavailable when the command was not taken, or not answered in time; repeating it is
   *     safe
   */
  public Optional<Entry> cancel(EndpointName endpoint, JobId job) throws Unavailable {
    try (var waiter = watch.register(job)) {
      var known = reads.find(endpoint, job);
      if (known.isEmpty() || known.get().view().status().isTerminal()) {
        return known;
      }
      var commandId = ids.next().toString();
      writer.write(new Cancel(job, "api"), commandId);
      return answer(waiter, known.get(), commandId);
    }
  }

  private Optional<Entry> answer(Waiter waiter, Entry known, String commandId) throws Unavailable {
    var job = known.view().id();
    var patience = new Patience();
    while (true) {
      var note = waiter.next(patience.left()).orElseThrow(() -> patience.isOver(job));
      switch (note) {
        case Note.Happened(var event) when event.status().isTerminal() -> {
          return Optional.of(Entry.of(event));
        }
        case Note.Refused(var rejection) when rejection.commandId().equals(commandId) -> {
          return refused(waiter, known, rejection);
        }
        case Note.Happened _, Note.Refused _ -> {
          // Not the answer.
        }
        case Note.Stopping _ -> throw patience.isStopping(job);
      }
    }
  }

  private Optional<Entry> refused(Waiter waiter, Entry known, Rejection rejection)
      throws Unavailable {
    var now = reads.find(known.endpoint(), known.view().id());
    return switch (rejection.code()) {
      case NOT_FOUND -> now.filter(entry -> entry.view().status().isTerminal());
      case INVALID_STATE, ALREADY_EXISTS, ID_TAKEN, UNKNOWN_ENDPOINT, STALE_ATTEMPT ->
          now.map(entry -> reads.awaitEnd(waiter, entry, LATE_EVENT));
    };
  }
}
