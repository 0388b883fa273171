package io.tallyman.runtime.endpoints;

import io.tallyman.schemas.job.EndpointName;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A kind of job, as the operator defined it in the endpoints file. Nothing in it ever comes from a
 * request.
 *
 * @param name as in URLs
 * @param image what the {@code docker} runtime runs, such as {@code busybox:latest}
 * @param command argument list, run in the job's folder; with the {@code process} runtime on the
 *     host
 * @param environment extra environment variables
 * @param limits what one attempt may use
 * @param webhook how receivers of this endpoint's jobs are told
 */
public record Endpoint(
    EndpointName name,
    String image,
    List<String> command,
    Map<String, String> environment,
    Limits limits,
    Webhook webhook) {

  public Endpoint {
    command = List.copyOf(command);
    environment = Map.copyOf(environment);
  }

  /**
   * What one attempt may use. The {@code process} runtime enforces {@code output} and {@code log}
   * alone.
   *
   * @param memory bytes; beyond it the container is killed, FAILED {@code out_of_memory}
   * @param cpus cores, such as 0.5
   * @param pids processes and threads
   * @param scratch bytes of {@code /tmp} and of {@code /scratch}, each
   * @param output bytes of the result; beyond it the job is FAILED {@code output_too_large}
   * @param log bytes of standard output and error that are kept, together; beyond it they are cut,
   *     and the cut is said
   * @param network whether the container reaches the network; default no
   */
  public record Limits(
      long memory, double cpus, int pids, long scratch, long output, long log, boolean network) {}

  /**
   * How receivers are told.
   *
   * @param secret signing key, {@code whsec_…}; empty: not signed. Never in an event, a log or an
   *     error
   * @param attempts requests per event at the most
   * @param delay from the end of a failed request to the next
   * @param deadline for one whole request
   * @param success which answers acknowledge: only 200, or every 2xx
   */
  public record Webhook(
      Optional<String> secret, int attempts, Duration delay, Duration deadline, Success success) {

    @Override
    public String toString() {
      return "Webhook[%d attempts, %s apart, deadline %s, %s, %s]"
          .formatted(attempts, delay, deadline, success, secret.isEmpty() ? "unsigned" : "signed");
    }
  }

  /** Which answers acknowledge a webhook. */
  public enum Success {
    /** Status 200 alone: RunPod's rule. */
    ONLY_200,
    /** Every status from 200 to 299: Standard Webhooks' rule. */
    ANY_2XX
  }
}
