package io.tallyman.chaos.nemesis;

import java.time.Duration;

/** How much of everything a run has. */
public enum Profile {
  /** One run, all kinds of faults, a few minutes. */
  SMOKE(Duration.ofSeconds(200), 1.5, 6),
  /** One of many runs, each with faults of its own. */
  FULL(Duration.ofSeconds(150), 1.5, 6),
  /** One long run, with a fault about once a minute. */
  SOAK(Duration.ofMinutes(30), 1, 4);

  private final Duration faults;
  private final double jobsPerSecond;
  private final int clients;

  Profile(Duration faults, double jobsPerSecond, int clients) {
    this.faults = faults;
    this.jobsPerSecond = jobsPerSecond;
    this.clients = clients;
  }

  /** From the first fault to the end of the last. */
  public Duration faults() {
    return faults;
  }

  /** Submitted by all clients together. */
  public double jobsPerSecond() {
    return jobsPerSecond;
  }

  /** Threads of control that make calls. */
  public int clients() {
    return clients;
  }
}
