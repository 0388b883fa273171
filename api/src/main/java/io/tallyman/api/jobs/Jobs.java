package io.tallyman.api.jobs;

import io.tallyman.api.rocksdb.OffsetIndex;
import io.tallyman.api.views.Runners;
import io.tallyman.runtime.endpoints.Endpoints;
import io.tallyman.runtime.net.AddressPolicy;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.SecretName;
import java.util.Set;

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

  /** Names of the secrets that webhooks of an endpoint's jobs can be signed with. */
  public Set<SecretName> secretsOf(EndpointName endpoint) {
    return endpoints
        .named(endpoint)
        .map(it -> it.webhook().namedSecrets().keySet())
        .orElse(Set.of());
  }

  /** Where the health of an endpoint comes from. */
  public record Healths(OffsetIndex index, Runners runners) {

    /** RunPod's health document. */
    public EndpointHealth of(EndpointName endpoint) {
      return EndpointHealth.of(endpoint, index, runners);
    }
  }
}
