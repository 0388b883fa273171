package io.tallyman.chaos.load;

import io.tallyman.chaos.cluster.Site;
import io.tallyman.chaos.http.ApiCalls;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * The clients of a run. While faults go on they submit, follow and cancel jobs; after {@link
 * #heal()} they only read statuses, so that the last calls of each can all be answered.
 *
 * <p>Each client {@code c-<n>} has a twin {@code c-<n>-twin} that submits with it at the same time,
 * now and then.
 */
public final class Load implements AutoCloseable {

  private final LoadPlan plan;
  private final ApiCalls calls;
  private final List<JobClient> clients = new ArrayList<>();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final List<Future<?>> running = new ArrayList<>();
  private final Phase phase = new Phase();
  private final Jobs jobs = new Jobs();

  /**
   * @param seed that programs and choices follow from
   */
  public Load(Site site, long seed, LoadPlan plan) {
    this.plan = plan;
    this.calls =
        new ApiCalls(
            site.apis(), site.apiKey(), plan.patience(), site.ticker(), site.history()::write);
    var random = new SplittableRandom(seed);
    for (int i = 0; i < plan.clients(); i++) {
      clients.add(
          new JobClient(
              plan,
              random.split(),
              calls.client("c-" + i, i),
              // The other api, where there are two.
              calls.client("c-%d-twin".formatted(i), i + 1),
              phase,
              jobs));
    }
  }

  /** Begins. */
  public void start() {
    clients.forEach(client -> running.add(threads.submit(client)));
  }

  /** Says that the last fault is over: no more jobs, reads alone. */
  public void heal() {
    phase.healed.countDown();
  }

  /** How many jobs were accepted so far. */
  public int accepted() {
    return jobs.accepted.size();
  }

  /** How many accepted jobs no client has seen ended yet. */
  public int open() {
    return jobs.open.size();
  }

  /**
   * Stops, and returns when the last call has ended, which is within seconds: each client makes a
   * few more reads when it has made none since {@link #heal()}.
   *
   * @throws IllegalStateException when a client ended by a bug of ours
   */
  @Override
  public void close() {
    phase.healed.countDown();
    phase.closing.countDown();
    try {
      for (var client : running) {
        client.get();
      }
    } catch (ExecutionException e) {
      throw new IllegalStateException("Expected every client to end by itself", e.getCause());
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } finally {
      threads.shutdown();
      calls.close();
    }
  }

  @Override
  public String toString() {
    return "%d accepted by %d clients, %d open".formatted(accepted(), plan.clients(), open());
  }

  /** How far the run is. */
  static final class Phase {
    final CountDownLatch healed = new CountDownLatch(1);
    final CountDownLatch closing = new CountDownLatch(1);
  }

  /** The jobs of all clients. */
  static final class Jobs {
    final Set<String> accepted = ConcurrentHashMap.newKeySet();
    final Set<String> open = ConcurrentHashMap.newKeySet();
  }
}
