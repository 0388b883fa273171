package io.tallyman.schemas.job;

import java.time.Duration;

/**
 * Limits that a submitter sets on one job: RunPod's {@code policy} object, whose JSON values are
 * milliseconds.
 *
 * @param executionTimeout longest time in {@code IN_PROGRESS} per attempt; {@value #MIN_TIMEOUT_MS}
 *     ms to {@value #MAX_MS} ms, default {@value #DEFAULT_TIMEOUT_MS} ms
 * @param ttl longest time from submission to the end, queue and execution together; {@value
 *     #MIN_TTL_MS} ms to {@value #MAX_MS} ms, default {@value #DEFAULT_TTL_MS} ms
 * @param lowPriority runs only while nothing of normal priority waits
 * @throws IllegalArgumentException when a duration is out of range
 */
public record Policy(Duration executionTimeout, Duration ttl, boolean lowPriority) {

  /** 5 s: RunPod's least {@code executionTimeout}. */
  public static final long MIN_TIMEOUT_MS = 5_000;

  /** 10 min: RunPod's default {@code executionTimeout}. */
  public static final long DEFAULT_TIMEOUT_MS = 600_000;

  /** 10 s: RunPod's least {@code ttl}. */
  public static final long MIN_TTL_MS = 10_000;

  /** 24 h: RunPod's default {@code ttl}. */
  public static final long DEFAULT_TTL_MS = 86_400_000;

  /** 7 days: RunPod's greatest {@code executionTimeout} and {@code ttl}. */
  public static final long MAX_MS = 604_800_000;

  /** RunPod's defaults. */
  public static final Policy DEFAULT =
      new Policy(Duration.ofMillis(DEFAULT_TIMEOUT_MS), Duration.ofMillis(DEFAULT_TTL_MS), false);

  public Policy {
    check("executionTimeout", executionTimeout, MIN_TIMEOUT_MS);
    check("ttl", ttl, MIN_TTL_MS);
  }

  private static void check(String name, Duration value, long least) {
    if (value.toMillis() < least || value.toMillis() > MAX_MS) {
      throw new IllegalArgumentException(
          "Expected %s of %d to %d ms, but got %d ms"
              .formatted(name, least, MAX_MS, value.toMillis()));
    }
  }
}
