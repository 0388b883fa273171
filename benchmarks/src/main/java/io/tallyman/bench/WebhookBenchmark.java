package io.tallyman.bench;

import io.tallyman.bench.http.FastReceivers;
import io.tallyman.bench.kafka.EventWriter;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;

/**
 * Measures the webhooks of one running Tallyman, from {@code job-events} to receivers that answer
 * at once: events at a steady rate, for latency; then many at once, for throughput.
 *
 * @param kafka bootstrap servers
 * @param deliveries how many events are written at once in the second part
 * @param clock what time events bear
 */
public record WebhookBenchmark(String kafka, int deliveries, InstantSource clock) {

  /** Before anything is measured: the JVM compiles, connections are made. */
  private static final int WARM_UP = 100_000;

  /** Events a second of the first part, and for how long. */
  public static final int RATE = 200;

  private static final int SECONDS = 20;

  /** As many that none gets more than its share of the dispatcher's memory, and is put aside. */
  public static final int RECEIVERS = 50;

  /**
   * What was measured.
   *
   * @param steady from event to first byte, at {@link #RATE}
   * @param perSecond deliveries, from the first event to the last request
   */
  public record Result(Latencies steady, double perSecond, Duration elapsed) {}

  /**
   * Runs both parts.
   *
   * @throws TimeoutException when webhooks stop coming
   */
  public Result run() throws IOException, TimeoutException {
    try (var receivers = new FastReceivers(RECEIVERS);
        var writer = new EventWriter(kafka, clock)) {
      flood("warm", WARM_UP, receivers, writer);
      steady("settle", receivers, writer);
      var steady = steady("steady", receivers, writer);
      var elapsed = flood("flood", deliveries, receivers, writer);
      return new Result(steady, deliveries / (elapsed.toNanos() / 1e9), elapsed);
    }
  }

  private static Latencies steady(String prefix, FastReceivers receivers, EventWriter writer)
      throws TimeoutException {
    receivers.reset();
    var start = System.nanoTime();
    var pause = TimeUnit.SECONDS.toNanos(1) / RATE;
    for (var i = 0; i < RATE * SECONDS; i++) {
      for (var left = start + i * pause - System.nanoTime();
          left > 0;
          left = start + i * pause - System.nanoTime()) {
        LockSupport.parkNanos(left);
      }
      writer.write(prefix + "-" + i, receivers.url(i, System.nanoTime()));
    }
    return new Latencies(receivers.await(RATE * SECONDS));
  }

  private static Duration flood(
      String prefix, int count, FastReceivers receivers, EventWriter writer)
      throws TimeoutException {
    receivers.reset();
    var start = System.nanoTime();
    for (var i = 0; i < count; i++) {
      writer.write(prefix + "-" + i, receivers.url(i, System.nanoTime()));
    }
    writer.flush();
    receivers.await(count);
    return Duration.ofNanos(System.nanoTime() - start);
  }
}
