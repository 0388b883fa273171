package io.tallyman.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.schemas.job.EndpointName;
import io.tallyman.system.DispatcherProcesses.One;
import io.tallyman.system.ManyReceivers.Answer;
import io.tallyman.system.ManyReceivers.Request;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * One dispatcher as a process, real sockets, and neighbours from hell. What it measures is printed;
 * {@code -Dtally.load.seconds=600} makes each phase ten minutes long.
 */
@Timeout(3_600)
class WebhookLoadIT {

  private static final Duration PHASE =
      Duration.ofSeconds(Integer.getInteger("tally.load.seconds", 10));

  private static final int HEALTHY = 100;

  /** To all healthy receivers together: ten to each. */
  private static final int HEALTHY_PER_SECOND = 1_000;

  /** In ten seconds. */
  private static final int SILENT_EVENTS = 5_000;

  private static final int SILENT_PER_SECOND = 500;
  private static final int SLOW_PER_SECOND = 100;
  private static final Duration SLOW = Duration.ofSeconds(9);

  /**
   * The promise on a quiet machine. Whoever waited for a neighbour would wait for its deadline, 10
   * s; a quarter of a second more is what a build beside the test may cost.
   */
  private static final double PROMISED_RATIO = 1.2;

  private static final Duration NOISE = Duration.ofMillis(250);

  private static final int SLOW_RECEIVERS = 10_000;

  @TempDir Path folder;

  @Test
  void shouldKeepTheirPaceToOthersBesideASilentAndASlowReceiver() throws Exception {
    try (var receivers = new ManyReceivers(WebhookLoadIT::answer);
        var dispatchers = new DispatcherProcesses(folder)) {
      // given
      var dispatcher = dispatchers.start("one", "{}", Map.of());
      var load = new Load(dispatchers, receivers);
      load.run("warm-up", PHASE, _ -> {});

      // when
      var alone = load.run("alone", PHASE, _ -> {});
      var beside = load.run("beside", PHASE.multipliedBy(2), load::silentAndSlow);
      var spilled = dispatcher.number("tally_webhook_spilled_total");

      // then
      say(
          "event to first byte, 100 healthy receivers at 10/s each, p50/p99",
          "alone %s, beside a silent and a slow one %s (%.0f put aside)"
              .formatted(alone, beside, spilled));
      assertThat(beside.p99())
          .isLessThanOrEqualTo(
              Duration.ofNanos((long) (alone.p99().toNanos() * PROMISED_RATIO)).plus(NOISE));
      assertThat(spilled).as("both had more than their share").isPositive();
      assertThat(dispatcher.process().output()).noneMatch(line -> line.contains("reading pauses"));
    }
  }

  @Test
  void shouldNotWaitForTwoThousandSilentReceiversOfAnotherEndpoint() throws Exception {
    var other = new EndpointName("other");
    try (var receivers = new ManyReceivers(WebhookLoadIT::answer);
        var dispatchers = new DispatcherProcesses(folder)) {
      // given: all that one endpoint may have is taken, for as long as the deadline
      var dispatcher = dispatchers.start("one", "{deadline: 30s}", Map.of());
      for (var i = 0; i < 2_000; i++) {
        dispatchers.write(other, "silent-" + i, 1, receivers.url(i, "silent"));
      }
      Await.until(
          Duration.ofSeconds(60),
          () -> dispatcher.number("tally_webhook_in_flight") + " in flight",
          () -> dispatcher.number("tally_webhook_in_flight") == 1_600);

      // when
      for (var i = 0; i < 1_000; i++) {
        dispatchers.write("healthy-" + i, 1, receivers.url(2_000 + i % 10, "healthy/0"));
      }

      // then
      Await.until(
          Duration.ofSeconds(20),
          () -> healthy(receivers) + " of 1,000 told",
          () -> healthy(receivers) == 1_000);
      assertThat(dispatcher.number("tally_webhook_in_flight"))
          .as("the silent ones are still waited for")
          .isGreaterThanOrEqualTo(1_600);
    }
  }

  @Test
  void shouldTellTenThousandReceiversThatTakeNineSeconds() throws Exception {
    try (var receivers = new ManyReceivers(_ -> new Answer(SLOW, 200));
        var dispatchers = new DispatcherProcesses(folder)) {
      // given: one endpoint may have four fifths of the slots
      var dispatcher =
          dispatchers.start(
              "one",
              "{deadline: 30s}",
              Map.of("TALLY_WEBHOOK_MAX_IN_FLIGHT", "12500", "TALLY_JAVA_OPTS", "-Xmx600m"));

      // when
      var start = System.nanoTime();
      for (var i = 0; i < SLOW_RECEIVERS; i++) {
        dispatchers.write("job-" + i, 1, receivers.url(i, "slow"));
      }
      var most = new Peak();
      Await.until(
          Duration.ofMinutes(2),
          () -> most + ", " + receivers.count() + " requests",
          () -> {
            most.look(dispatcher);
            return dispatcher.number("tally_webhook_delivered_seconds_count") == SLOW_RECEIVERS;
          });

      // then
      say(
          "10,000 receivers that answer after 9 s, heap of 600 MB",
          "all told in %.1f s, %d requests, %s, most connections at once %d"
              .formatted(
                  (System.nanoTime() - start) / 1e9,
                  receivers.count(),
                  most,
                  receivers.mostConnections()));
      assertThat(receivers.requests().stream().map(Request::webhookId).distinct())
          .hasSize(SLOW_RECEIVERS);
      assertThat(most.threads).as("platform threads").isLessThan(100);
      assertThat(receivers.mostConnections()).as("at once").isGreaterThan(SLOW_RECEIVERS / 2);
    }
  }

  private static Answer answer(Request request) {
    return switch (request.path()) {
      case "silent" -> Answer.NEVER;
      case "slow" -> new Answer(SLOW, 200);
      default -> Answer.OK;
    };
  }

  private static long healthy(ManyReceivers receivers) {
    return receivers.requests().stream().filter(it -> it.path().startsWith("healthy")).count();
  }

  /** Events for the healthy receivers, at their pace. */
  private record Load(DispatcherProcesses dispatchers, ManyReceivers receivers) {

    /**
     * Writes them for so long, and waits until all have come.
     *
     * @param beside told the number of each event
     */
    Latency run(String phase, Duration length, IntConsumer beside) {
      var count = (int) (HEALTHY_PER_SECOND * length.toSeconds());
      var start = System.nanoTime();
      for (var i = 0; i < count; i++) {
        var due = start + i * TimeUnit.SECONDS.toNanos(1) / HEALTHY_PER_SECOND;
        for (var left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
          LockSupport.parkNanos(left);
        }
        dispatchers.write(
            "%s-%d".formatted(phase, i),
            1,
            receivers.url(i % HEALTHY, "%s/%d".formatted(phase, System.nanoTime())));
        beside.accept(i);
      }
      Await.until(
          Duration.ofSeconds(60),
          () -> of(phase).size() + " of " + count + " came in phase " + phase,
          () -> receivers.count() >= count && of(phase).size() == count);
      return Latency.of(of(phase));
    }

    /** Events for two more receivers, beside them. */
    void silentAndSlow(int i) {
      if (i % (HEALTHY_PER_SECOND / SILENT_PER_SECOND) == 0
          && i < SILENT_EVENTS * (HEALTHY_PER_SECOND / SILENT_PER_SECOND)) {
        dispatchers.write("silent-" + i, 1, receivers.url(HEALTHY, "silent"));
      }
      if (i % (HEALTHY_PER_SECOND / SLOW_PER_SECOND) == 0) {
        dispatchers.write("slow-" + i, 1, receivers.url(HEALTHY + 1, "slow"));
      }
    }

    private List<Long> of(String phase) {
      return receivers.requests().stream()
          .filter(it -> it.path().startsWith(phase + "/"))
          .map(it -> it.arrivedAt() - Long.parseLong(it.path().substring(phase.length() + 1)))
          .sorted()
          .toList();
    }
  }

  private record Latency(Duration p50, Duration p99) {

    static Latency of(List<Long> sortedNanos) {
      return new Latency(
          Duration.ofNanos(sortedNanos.get(sortedNanos.size() / 2)),
          Duration.ofNanos(sortedNanos.get(sortedNanos.size() * 99 / 100)));
    }

    @Override
    public String toString() {
      return "%.1f/%.1f ms".formatted(p50.toNanos() / 1e6, p99.toNanos() / 1e6);
    }
  }

  /** The most of it that was ever seen, as Linux counts. */
  private static final class Peak {

    private static final Pattern STATUS = Pattern.compile("(?m)^(Threads|VmHWM):\\s+(\\d+)");

    private long threads;
    private long residentKb;

    private void look(One dispatcher) {
      try {
        var status =
            Files.readString(Path.of("/proc/%d/status".formatted(dispatcher.process().pid())));
        Map<String, Long> numbers =
            STATUS
                .matcher(status)
                .results()
                .collect(
                    Collectors.toMap(
                        it -> it.group(1),
                        it -> Long.parseLong(it.group(2)),
                        (one, _) -> one,
                        HashMap::new));
        threads = Math.max(threads, numbers.getOrDefault("Threads", 0L));
        residentKb = Math.max(residentKb, numbers.getOrDefault("VmHWM", 0L));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public String toString() {
      return "%d platform threads, %d MB of memory".formatted(threads, residentKb >> 10);
    }
  }

  private static void say(String what, String figures) {
    System.out.printf("%s: %s%n", what, figures);
  }
}
