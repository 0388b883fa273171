package io.tallyman.api.views;

import io.tallyman.runtime.redis.JobViews;
import io.tallyman.runtime.redis.JobViews.Entry;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobView;
import io.tallyman.schemas.job.RawJson;
import java.time.Duration;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The newest views that went through this process: of events just read from the log, and of jobs
 * just accepted that have no event yet. It makes a read right after a submit, or right after a
 * wake-up, true without asking anybody.
 *
 * <p>Thread-safe; {@code this} guards both maps.
 */
public final class RecentViews {

  private static final Logger LOG = LoggerFactory.getLogger(RecentViews.class);

  /** Views of events kept; at the bound the oldest goes, and reads ask Redis or the log. */
  static final int MAX_VIEWS = 20_000;

  /** Bytes of results kept, all views together: a sixteenth of a 1 GiB heap. */
  static final long MAX_BYTES = 64L << 20;

  /**
   * Accepted jobs without an event kept, some 200 bytes each; only a state-processor that stands
   * still for long lets them grow. Beyond it the oldest is known to Redis alone, and that is
   * logged.
   */
  static final int MAX_ACCEPTED = 200_000;

  private static final Duration WARN_INTERVAL = Duration.ofMinutes(1);

  private final LinkedHashMap<JobId, Entry> views = new LinkedHashMap<>();
  private final LinkedHashMap<JobId, Entry> accepted = new LinkedHashMap<>();
  private final Throttle overflow;
  private long bytes;

  /** Empty. */
  public RecentViews(InstantSource clock) {
    this.overflow = new Throttle(clock, WARN_INTERVAL);
  }

  /** Remembers a job that was accepted, unless an event of it came already. */
  public synchronized void accept(Entry entry) {
    var job = entry.view().id();
    if (views.containsKey(job)) {
      return;
    }
    accepted.put(job, entry);
    if (accepted.size() > MAX_ACCEPTED) {
      accepted.pollFirstEntry();
      if (overflow.isDue()) {
        LOG.warn(
            "more than {} accepted jobs have no event yet; the oldest are found in Redis alone."
                + " Does the state-processor run?",
            MAX_ACCEPTED);
      }
    }
  }

  /** Remembers the view of an event, unless it is older than what is known. */
  public synchronized void put(JobEvent event) {
    var entry = Entry.of(event);
    var job = event.meta().jobId();
    accepted.remove(job);
    var known = views.get(job);
    if (known != null && known.sequence() >= entry.sequence()) {
      return;
    }
    if (known != null) {
      views.remove(job);
      bytes -= size(known.view());
    }
    views.putLast(job, entry);
    bytes += size(entry.view());
    while (views.size() > MAX_VIEWS || bytes > MAX_BYTES) {
      bytes -= size(views.pollFirstEntry().getValue().view());
    }
  }

  /** The newest view of the job that is remembered here. */
  public synchronized Optional<Entry> find(JobId job) {
    var view = views.get(job);
    return Optional.ofNullable(view == null ? accepted.get(job) : view);
  }

  /** The entry of a job that was accepted now: sequence 0. */
  public static Entry accepted(JobId job, EndpointName endpoint, InstantSource clock) {
    return new Entry(
        0, endpoint, JobView.accepted(job), clock.instant().plus(JobViews.TIME_TO_LIVE));
  }

  private static long size(JobView view) {
    return (long) view.output().map(RawJson::size).orElse(0)
        + view.error().map(String::length).orElse(0);
  }
}
