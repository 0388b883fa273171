package io.tallyman.api.jobs;

import io.tallyman.api.kafka.EventLog;
import io.tallyman.api.kafka.EventLog.StoredEvent;
import io.tallyman.api.kafka.Frontier;
import io.tallyman.api.kafka.LogState;
import io.tallyman.api.redis.RedisViews;
import io.tallyman.api.redis.RedisViews.Answer;
import io.tallyman.api.rocksdb.IndexEntry;
import io.tallyman.api.rocksdb.OffsetIndex;
import io.tallyman.api.views.JobWatch;
import io.tallyman.api.views.JobWatch.Note;
import io.tallyman.api.views.JobWatch.Waiter;
import io.tallyman.api.views.RecentViews;
import io.tallyman.api.views.Unavailable;
import io.tallyman.runtime.redis.JobViews.Entry;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobId;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What is known of a job: the newest of Redis' view and of the views that went through this
 * process; when neither has it, or the index knows of a newer event, the event itself from the log.
 * A job of another endpoint is as unknown as one that never was.
 */
public final class JobReads {

  /** How long the first event of a job is waited for that nobody here knows. */
  private static final Duration FIRST_EVENT = Duration.ofSeconds(1);

  /** How long a history waits for an event whose view was already shown. */
  private static final Duration NEWEST_EVENT = Duration.ofMillis(500);

  private final RedisViews redis;
  private final RecentViews recent;
  private final OffsetIndex index;
  private final EventLog log;
  private final JobWatch watch;
  private final LogState state;
  private final Frontier frontier;

  /** From all places where a job may be known. */
  public JobReads(
      RedisViews redis,
      RecentViews recent,
      OffsetIndex index,
      EventLog log,
      JobWatch watch,
      LogState state,
      Frontier frontier) {
    this.redis = redis;
    this.recent = recent;
    this.index = index;
    this.log = log;
    this.watch = watch;
    this.state = state;
    this.frontier = frontier;
  }

  /**
   * The newest view of a job; empty when there is no such job.
   *
   * @throws Unavailable when that cannot be told now
   */
  public Optional<Entry> find(EndpointName endpoint, JobId job) throws Unavailable {
    // Asked first: what the index has read in between counts as unread.
    var isCurrent = state.isCurrent();
    var answer = redis.read(job);
    var known = newest(job, answer);
    if (known.isEmpty() && !isCurrent) {
      throw new Unavailable(
          Unavailable.Reason.CATCHING_UP,
          "Expected to know whether job '%s' exists, but the event log has not been read to its end"
                  .formatted(job)
              + " yet. Try again");
    }
    if (known.isEmpty() && JobIds.isOurs(job)) {
      // Another api may have accepted it, its event may be on the way, and Redis may have lost it.
      if (!frontier.await(FIRST_EVENT)) {
        throw new Unavailable(
            Unavailable.Reason.CATCHING_UP,
            "Expected to know whether job '%s' exists, but the state-processor has not decided yet"
                    .formatted(job)
                + " on all that was submitted. Try again");
      }
      known = newest(job, answer);
    }
    return known.filter(entry -> entry.endpoint().equals(endpoint));
  }

  /**
   * The view of a job once it has ended, or the newest when it has not ended in this time; empty
   * when there is no such job.
   *
   * @throws Unavailable when that cannot be told now
   */
  public Optional<Entry> await(EndpointName endpoint, JobId job, Duration patience)
      throws Unavailable {
    try (var waiter = watch.register(job)) {
      return find(endpoint, job).map(entry -> awaitEnd(waiter, entry, patience));
    }
  }

  /**
   * All events of a job, oldest first; none when it was accepted and has no event yet; empty when
   * there is no such job.
   *
   * @throws Unavailable when the log is not served now
   */
  public Optional<List<StoredEvent>> history(EndpointName endpoint, JobId job) throws Unavailable {
    try (var waiter = watch.register(job)) {
      var known = find(endpoint, job);
      if (known.isEmpty()) {
        return Optional.empty();
      }
      var indexed = awaitIndexed(waiter, job, known.get().sequence());
      return Optional.of(log.read(indexed.map(IndexEntry::positions).orElse(List.of())));
    }
  }

  /** The first event of a job, when the log has any. */
  Optional<StoredEvent> firstEvent(JobId job) throws Unavailable {
    var indexed = index.find(job);
    return indexed.isEmpty()
        ? Optional.empty()
        : Optional.of(log.read(List.of(indexed.get().positions().getFirst())).getFirst());
  }

  /** Follows a job until it ends; the newest known when the time is over or the service stops. */
  Entry awaitEnd(Waiter waiter, Entry known, Duration patience) {
    var deadline = System.nanoTime() + patience.toNanos();
    var newest = known;
    while (!newest.view().status().isTerminal()) {
      var note = waiter.next(Duration.ofNanos(Math.max(0, deadline - System.nanoTime())));
      if (note.isEmpty() || note.get() instanceof Note.Stopping) {
        return newest;
      }
      if (note.get() instanceof Note.Happened(var event)
          && event.meta().sequence() > newest.sequence()) {
        newest = Entry.of(event);
      }
    }
    return newest;
  }

  private Optional<Entry> newest(JobId job, Answer answer) throws Unavailable {
    var newest = recent.find(job);
    if (answer instanceof Answer.Found(var entry)
        && entry.sequence() > newest.map(Entry::sequence).orElse(-1L)) {
      newest = Optional.of(entry);
    }
    var indexed = index.find(job);
    if (indexed.isPresent() && indexed.get().sequence() > newest.map(Entry::sequence).orElse(-1L)) {
      return Optional.of(Entry.of(log.read(List.of(indexed.get().last())).getFirst().event()));
    }
    return newest;
  }

  private Optional<IndexEntry> awaitIndexed(Waiter waiter, JobId job, long sequence) {
    var deadline = System.nanoTime() + NEWEST_EVENT.toNanos();
    var indexed = index.find(job);
    while (indexed.map(IndexEntry::sequence).orElse(0L) < sequence) {
      var note = waiter.next(Duration.ofNanos(Math.max(0, deadline - System.nanoTime())));
      indexed = index.find(job);
      if (note.isEmpty() || note.get() instanceof Note.Stopping) {
        return indexed;
      }
    }
    return indexed;
  }
}
