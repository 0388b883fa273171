package io.tallyman.api.jobs;

import io.tallyman.api.rocksdb.OffsetIndex;
import io.tallyman.api.views.Runners;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobStatus;

/**
 * RunPod's health document of an endpoint.
 *
 * @param jobs over the whole log
 * @param workers now
 */
public record EndpointHealth(Jobs jobs, Workers workers) {

  /** What the index has counted, and the runners that were heard of late. */
  public static EndpointHealth of(EndpointName endpoint, OffsetIndex index, Runners runners) {
    var counts = index.counts(endpoint);
    var capacity = runners.capacity(endpoint);
    return new EndpointHealth(
        new Jobs(
            counts.in(JobStatus.COMPLETED),
            counts.in(JobStatus.FAILED) + counts.in(JobStatus.TIMED_OUT),
            counts.in(JobStatus.IN_PROGRESS),
            counts.in(JobStatus.IN_QUEUE),
            counts.retried()),
        new Workers(
            capacity.idle(), 0, capacity.idle() + capacity.running(), capacity.running(), 0, 0));
  }

  /**
   * Jobs of the endpoint.
   *
   * @param completed ended well
   * @param failed FAILED and TIMED_OUT together
   * @param inProgress run now
   * @param inQueue wait now
   * @param retried how often a job was queued again
   */
  public record Jobs(long completed, long failed, long inProgress, long inQueue, long retried) {}

  /**
   * Slots of the runners that serve the endpoint; a slot is what RunPod calls a worker. Endpoints
   * that one runner serves share its free slots.
   *
   * @param idle free slots
   * @param initializing always 0: a slot needs no start
   * @param ready {@code idle + running}
   * @param running slots that run an attempt of this endpoint
   * @param throttled always 0
   * @param unhealthy always 0: a runner that is silent for 10 s is not counted at all
   */
  public record Workers(
      int idle, int initializing, int ready, int running, int throttled, int unhealthy) {}
}
