package io.tallyman.api.views;

import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.Rejection;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Who waits for news of which job. Register first, then read, then park in {@link Waiter#next}:
 * what happens after the registration is never missed.
 *
 * <p>Thread-safe. The set of a job's waiters is guarded by the map's lock on that key; a waiter is
 * used by one thread.
 */
public final class JobWatch implements AutoCloseable {

  /** Requests parked at once. Each costs a connection and a virtual thread, some 20 kB. */
  public static final int MAX_WAITERS = 10_000;

  /**
   * Notes a waiter holds unread. A job has three or four events; at the bound the oldest goes,
   * because each event alone tells the whole state.
   */
  private static final int MAX_NOTES = 16;

  private final ConcurrentHashMap<JobId, Set<Waiter>> waiters = new ConcurrentHashMap<>();
  private final AtomicInteger registered = new AtomicInteger();
  private volatile boolean isStopping;

  /**
   * Begins to collect notes about a job, until the waiter is closed.
   *
   * @throws Unavailable when {@value #MAX_WAITERS} wait already
   */
  public Waiter register(JobId job) throws Unavailable {
    if (registered.incrementAndGet() > MAX_WAITERS) {
      registered.decrementAndGet();
      throw new Unavailable(
          Unavailable.Reason.BUSY,
          "Expected to wait for job '%s', but %d requests wait already"
              .formatted(job, MAX_WAITERS));
    }
    var waiter = new Waiter(job);
    waiters.compute(
        job,
        (_, others) -> {
          var all = others == null ? new HashSet<Waiter>() : others;
          all.add(waiter);
          return all;
        });
    if (isStopping) {
      waiter.tell(new Note.Stopping());
    }
    return waiter;
  }

  /** Wakes whoever waits for the event's job. */
  public void tell(JobEvent event) {
    tell(event.meta().jobId(), new Note.Happened(event));
  }

  /** Wakes whoever waits for the job of a refused command. */
  public void tell(Rejection rejection) {
    tell(rejection.jobId(), new Note.Refused(rejection));
  }

  /** Wakes all with {@link Note.Stopping}, and every later one at once. */
  @Override
  public void close() {
    isStopping = true;
    waiters.keySet().forEach(job -> tell(job, new Note.Stopping()));
  }

  private void tell(JobId job, Note note) {
    if (!waiters.containsKey(job)) {
      return;
    }
    waiters.computeIfPresent(
        job,
        (_, all) -> {
          all.forEach(waiter -> waiter.tell(note));
          return all;
        });
  }

  private void remove(Waiter waiter) {
    registered.decrementAndGet();
    waiters.computeIfPresent(
        waiter.job,
        (_, all) -> {
          all.remove(waiter);
          return all.isEmpty() ? null : all;
        });
  }

  /** What a waiter is told. */
  public sealed interface Note {

    /** An event of the job was committed, and {@link RecentViews} has it. */
    record Happened(JobEvent event) implements Note {}

    /** A command for the job was refused; not necessarily the waiter's own. */
    record Refused(Rejection rejection) implements Note {}

    /** This process stops: answer with what is known. */
    record Stopping() implements Note {}
  }

  /** One who waits. Close it in the end. */
  public final class Waiter implements AutoCloseable {

    private final JobId job;
    private final ArrayBlockingQueue<Note> notes = new ArrayBlockingQueue<>(MAX_NOTES);

    private Waiter(JobId job) {
      this.job = job;
    }

    /** The next note, or none when there was none in this time. An interrupt is a Stopping. */
    public Optional<Note> next(Duration patience) {
      try {
        return Optional.ofNullable(notes.poll(patience.toNanos(), TimeUnit.NANOSECONDS));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return Optional.of(new Note.Stopping());
      }
    }

    private void tell(Note note) {
      while (!notes.offer(note)) {
        notes.poll();
      }
    }

    @Override
    public void close() {
      remove(this);
    }
  }
}
