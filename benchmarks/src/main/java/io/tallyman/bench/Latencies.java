package io.tallyman.bench;

import java.time.Duration;
import java.util.Collection;

/** Durations of many like things, sorted. */
public final class Latencies {

  private final long[] nanos;

  /**
   * Takes a copy.
   *
   * @throws IllegalArgumentException when there are none
   */
  public Latencies(Collection<Duration> durations) {
    if (durations.isEmpty()) {
      throw new IllegalArgumentException("Expected at least one duration, but got none");
    }
    this.nanos = durations.stream().mapToLong(Duration::toNanos).sorted().toArray();
  }

  /**
   * The least duration that so many of them do not exceed: nearest rank.
   *
   * @param percent above 0, at most 100
   */
  public Duration percentile(double percent) {
    var rank = (int) Math.ceil(percent / 100 * nanos.length);
    return Duration.ofNanos(nanos[Math.clamp(rank, 1, nanos.length) - 1]);
  }

  /** How many. */
  public int count() {
    return nanos.length;
  }

  /** {@code p50 12.3 ms, p99 45.6 ms (200)}. */
  @Override
  public String toString() {
    return "p50 %.1f ms, p99 %.1f ms (%d)"
        .formatted(millis(percentile(50)), millis(percentile(99)), nanos.length);
  }

  private static double millis(Duration duration) {
    return duration.toNanos() / 1e6;
  }
}
