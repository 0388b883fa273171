package io.tallyman.api.jobs;

import io.tallyman.api.rocksdb.OffsetIndex;
import io.tallyman.api.views.Runners;
import io.tallyman.runtime.endpoints.Endpoints;
import io.tallyman.runtime.net.AddressPolicy;
import io.tallyman.schemas.job.EndpointName;

/**
 * All that the routes can do with jobs.
 *
 * @param endpoints that are served
 * @param addresses where webhooks may lead
 * @param ids names for new jobs
 */
public record Jobs(
    Endpoints endpoints,
    AddressPolicy addresses,
    JobIds ids,
    Submissions submissions,
    JobReads reads,
    Cancellations cancellations,
    Webhooks webhooks,
    Healths healths) {

  /** Where the health of an endpoint comes from. */
  public record Healths(OffsetIndex index, Runners runners) {

    /** RunPod's health document. */
    public EndpointHealth of(EndpointName endpoint) {
      return EndpointHealth.of(endpoint, index, runners);
    }
  }
}
