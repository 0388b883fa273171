package io.tallyman.processor;

import io.tallyman.processor.domain.JobDecider;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobCommand.Cancel;
import io.tallyman.schemas.job.JobCommand.Complete;
import io.tallyman.schemas.job.JobCommand.Expire;
import io.tallyman.schemas.job.JobCommand.Fail;
import io.tallyman.schemas.job.JobCommand.Release;
import io.tallyman.schemas.job.JobCommand.Renew;
import io.tallyman.schemas.job.JobCommand.Retry;
import io.tallyman.schemas.job.JobCommand.Start;
import io.tallyman.schemas.job.JobCommand.Submit;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobRequest;
import io.tallyman.schemas.job.Policy;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.schemas.job.RunnerId;
import io.tallyman.schemas.job.SecretName;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;

/** The job that the tests talk about, and what is said to it. */
public final class Jobs {

  public static final Instant T0 = Instant.parse("2026-11-24T10:00:00Z");
  public static final Duration TTL = Duration.ofSeconds(60);
  public static final Duration EXECUTION_TIMEOUT = Duration.ofSeconds(20);
  public static final Duration RETENTION = Duration.ofHours(1);

  public static final JobId JOB = new JobId("job-1");
  public static final RunnerId RUNNER = new RunnerId("runner-1");
  public static final RunnerId OTHER_RUNNER = new RunnerId("runner-2");
  public static final EndpointName NOT_SERVED = new EndpointName("not-served");
  public static final URI WEBHOOK = URI.create("https://example.org/hook");

  public static final SecretName SECRET_NAME = new SecretName("customer-a");

  /** Spaces, order and a number beyond a double: whoever re-serialises it is found out. */
  public static final RawJson INPUT =
      RawJson.of("{ \"b\":1, \"a\" : [1.0, 12345678901234567890123] }");

  public static final RawJson OUTPUT = RawJson.of("{\"n\" : 1e2}");

  /** Longer than an execution, so that only tests of leases see one end. */
  public static final Duration LEASE = Duration.ofSeconds(30);

  public static final int MAX_ATTEMPTS = 3;

  private Jobs() {}

  public static JobDecider decider() {
    return new JobDecider(Set.of(EndpointName.DEFAULT), RETENTION, LEASE, MAX_ATTEMPTS);
  }

  public static JobRequest request() {
    return request(EndpointName.DEFAULT, "f00d", false);
  }

  public static JobRequest request(
      EndpointName endpoint, String fingerprint, boolean isLowPriority) {
    return new JobRequest(
        endpoint,
        INPUT,
        new Policy(EXECUTION_TIMEOUT, TTL, isLowPriority),
        Optional.of(WEBHOOK),
        Optional.of(SECRET_NAME),
        fingerprint);
  }

  public static Submit submit() {
    return submit(JOB);
  }

  public static Submit submit(JobId job) {
    return new Submit(job, request(), "api");
  }

  public static Submit submit(JobRequest request) {
    return new Submit(JOB, request, "api");
  }

  public static Start start(int attempt) {
    return new Start(JOB, attempt, RUNNER);
  }

  public static Complete complete(int attempt) {
    return new Complete(JOB, attempt, RUNNER, OUTPUT);
  }

  public static Fail fail(int attempt) {
    return new Fail(JOB, attempt, RUNNER, "exit_code: the container ended with 3");
  }

  public static Release release(int attempt) {
    return new Release(JOB, attempt, RUNNER, "runner_stopped: it was told to stop", false);
  }

  public static Release lost(int attempt) {
    return new Release(JOB, attempt, RUNNER, "runner_restarted: the runner was gone", true);
  }

  public static Renew renew(int attempt) {
    return new Renew(JOB, attempt, RUNNER);
  }

  public static Cancel cancel() {
    return new Cancel(JOB, "api");
  }

  public static Retry retry() {
    return new Retry(JOB, "api");
  }

  public static Expire expire() {
    return new Expire(JOB);
  }
}
