package io.tallyman.processor;

import io.tallyman.processor.domain.JobDecider;
import io.tallyman.runtime.CommonSettings;
import io.tallyman.runtime.Variable;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * Settings of the state-processor.
 *
 * @param common Kafka, Redis, endpoints, data folder
 * @param instance this process among several: stable over restarts, different from its neighbours
 * @param commitInterval how long decisions are gathered into one transaction
 * @param retention how long an ended job is remembered
 * @param lease how long a runner may be silent about an attempt
 * @param maxAttempts how often a job is tried whose attempts are lost with their runners
 */
public record ProcessorSettings(
    CommonSettings common,
    String instance,
    Duration commitInterval,
    Duration retention,
    Duration lease,
    int maxAttempts) {

  public static final Variable<String> INSTANCE =
      Variable.text(
          "TALLY_PROCESSOR_ID",
          "processor-1",
          "Name of this state-processor among several: the same after a restart (a new name waits"
              + " 10 s for the old one), different from the others'");

  public static final Variable<Duration> COMMIT_INTERVAL =
      Variable.duration(
          "TALLY_PROCESSOR_COMMIT_INTERVAL",
          "2ms",
          "How long decisions are gathered into one transaction: about half of it is added to every"
              + " transition; below 2ms throughput falls");

  public static final Variable<Duration> RETENTION =
      Variable.duration(
          "TALLY_JOB_RETENTION",
          "1h",
          "How long an ended job can be retried. The log keeps its events, and with them its"
              + " Idempotency-Key, for ever");

  public static final Variable<Duration> LEASE =
      Variable.duration(
          "TALLY_LEASE",
          "30s",
          "How long a runner may be silent about an attempt before another one gets the job; it"
              + " renews three times as often, and stops its container when it cannot. Below 10s a"
              + " busy machine loses leases for nothing");

  public static final Variable<Integer> MAX_ATTEMPTS =
      Variable.number(
          "TALLY_MAX_ATTEMPTS",
          3,
          1,
          100,
          "How many attempts a job gets when they are lost with their runners; after the last it is"
              + " FAILED with worker_lost. 1: never again");

  /** All of them. */
  public static final List<Variable<?>> ALL =
      List.of(INSTANCE, COMMIT_INTERVAL, RETENTION, LEASE, MAX_ATTEMPTS);

  /**
   * Reads them.
   *
   * @throws IllegalArgumentException when one is wrong; the message says which and why
   */
  public static ProcessorSettings from(Map<String, String> environment) {
    return new ProcessorSettings(
        CommonSettings.from(environment),
        INSTANCE.from(environment),
        COMMIT_INTERVAL.from(environment),
        RETENTION.from(environment),
        LEASE.from(environment),
        MAX_ATTEMPTS.from(environment));
  }

  /** The rules with these settings. */
  JobDecider decider() {
    return new JobDecider(common.endpoints().names(), retention, lease, maxAttempts);
  }
}
