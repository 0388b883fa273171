package io.tallyman.runtime.endpoints;

import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobStatus;
import io.tallyman.schemas.job.SecretName;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

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
   * @param secrets signing keys, the current one first, then those that are being replaced; empty:
   *     not signed
   * @param namedSecrets the same by name, each with a current one: a job that names it is signed
   *     with these, and not with {@code secrets}
   * @param attempts requests per event at the most
   * @param delays from the end of the n-th failed request to the next; the last one holds for all
   *     that follow
   * @param deadline for one whole request
   * @param success which answers acknowledge: only 200, or every 2xx
   * @param events states that are told; the others are passed over
   * @param coalesce whether a state that is not terminal is passed over while a newer one waits
   * @param rate requests per second to one target at the most; empty: unlimited
   */
  public record Webhook(
      List<Secret> secrets,
      Map<SecretName, List<Secret>> namedSecrets,
      int attempts,
      List<Duration> delays,
      Duration deadline,
      Success success,
      Set<JobStatus> events,
      boolean coalesce,
      Optional<Integer> rate) {

    /** What holds when the file says nothing: RunPod's three attempts, 10 s apart. */
    public static final Webhook DEFAULT =
        new Webhook(
            List.of(),
            Map.of(),
            3,
            List.of(Duration.ofSeconds(10)),
            Duration.ofSeconds(10),
            Success.ONLY_200,
            EnumSet.allOf(JobStatus.class),
            false,
            Optional.empty());

    public Webhook {
      secrets = List.copyOf(secrets);
      namedSecrets = Map.copyOf(namedSecrets);
      delays = List.copyOf(delays);
      events = Set.copyOf(events);
    }

    /** The current key as text; empty: not signed. */
    public Optional<String> secret() {
      return secrets.stream().map(Secret::text).findFirst();
    }

    /** How long to wait after so many failed requests. */
    public Duration delayAfter(int failures) {
      return delays.get(Math.clamp(failures - 1, 0, delays.size() - 1));
    }

    @Override
    public String toString() {
      return "Webhook[%d attempts, %s apart, deadline %s, %s, %s, %d named secrets]"
          .formatted(
              attempts,
              delays,
              deadline,
              success,
              secrets.isEmpty() ? "unsigned" : "signed",
              namedSecrets.size());
    }
  }

  /**
   * A signing key. Never in an event, a log or an error.
   *
   * @param text {@code whsec_…}, HMAC-SHA256, or {@code whsk_…}, Ed25519
   * @param until when it is no longer used; empty: it is the current one
   */
  public record Secret(String text, Optional<Instant> until) {
    @Override
    public String toString() {
      return "Secret[%s]".formatted(until.map(it -> "until " + it).orElse("current"));
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
