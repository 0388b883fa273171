package io.tallyman.bench;

import io.tallyman.bench.http.JobClient;
import io.tallyman.bench.kafka.Completions;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Measures one running Tallyman: jobs one at a time, for latency; then many at once, for
 * throughput.
 *
 * @param apiBase such as {@code http://127.0.0.1:8080/v2/default}
 * @param kafka bootstrap servers, to count completions where they are recorded
 * @param jobs how many are submitted at once in the second part
 * @param concurrency how many submissions are under way at a time
 */
public record Benchmark(String apiBase, String kafka, int jobs, int concurrency) {

  /** Jobs run before anything is measured: the JVM compiles, topics and groups settle. */
  private static final int WARM_UP = 20_000;

  /** Jobs of the one-at-a-time part. */
  private static final int SINGLE = 300;

  /** One in so many jobs of the second part is followed to COMPLETED over the API. */
  private static final int SAMPLE = 100;

  private static final String BODY = "{\"input\":{\"name\":\"Ada\"}}";

  /**
   * What was measured.
   *
   * @param single from submission to COMPLETED readable over the API, one job at a time
   * @param loaded the same for a sample of the jobs submitted at once: queueing included
   * @param jobsPerSecond completed, from the first submission to the last completion
   * @param elapsed of the second part
   */
  public record Result(
      Latencies single, Latencies loaded, double jobsPerSecond, Duration elapsed) {}

  /**
   * Runs both parts.
   *
   * @throws TimeoutException when jobs stop completing
   */
  public Result run() throws IOException, InterruptedException, TimeoutException {
    try (var client = new JobClient(apiBase, BODY)) {
      flood(client, WARM_UP);
      oneByOne(client, SINGLE / 3);
      var single = oneByOne(client, SINGLE);
      var loaded = flood(client, jobs);
      return new Result(
          single, loaded.sampled(), jobs / (loaded.elapsed().toNanos() / 1e9), loaded.elapsed());
    }
  }

  private static Latencies oneByOne(JobClient client, int count)
      throws IOException, InterruptedException {
    var latencies = new ArrayList<Duration>();
    for (int i = 0; i < count; i++) {
      latencies.add(runOne(client));
    }
    return new Latencies(latencies);
  }

  private static Duration runOne(JobClient client) throws IOException, InterruptedException {
    var start = System.nanoTime();
    client.awaitCompleted(client.submit());
    return Duration.ofNanos(System.nanoTime() - start);
  }

  private record Flood(Duration elapsed, Latencies sampled) {}

  private Flood flood(JobClient client, int count)
      throws IOException, InterruptedException, TimeoutException {
    var sampled = new ConcurrentLinkedQueue<Duration>();
    var next = new AtomicInteger();
    try (var completions = new Completions(kafka);
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var start = System.nanoTime();
      var submitters = new ConcurrentLinkedQueue<Future<?>>();
      for (int i = 0; i < concurrency; i++) {
        submitters.add(
            threads.submit(
                () -> {
                  for (int job = next.getAndIncrement();
                      job < count;
                      job = next.getAndIncrement()) {
                    if (job % SAMPLE == 0) {
                      // Followed beside the load, so that submitting goes on.
                      submitters.add(threads.submit(() -> sampled.add(runOne(client))));
                    } else {
                      client.submit();
                    }
                  }
                  return true;
                }));
      }
      completions.await(count);
      var elapsed = Duration.ofNanos(System.nanoTime() - start);
      rethrow(submitters);
      return new Flood(elapsed, new Latencies(sampled));
    }
  }

  private static void rethrow(Collection<Future<?>> submitters)
      throws IOException, InterruptedException {
    for (var submitter : submitters) {
      try {
        submitter.get();
      } catch (ExecutionException e) {
        throw new IOException("Expected every job to be accepted, but: " + e.getCause(), e);
      }
    }
  }
}
