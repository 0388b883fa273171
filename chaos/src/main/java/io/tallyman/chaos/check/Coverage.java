package io.tallyman.chaos.check;

import io.tallyman.chaos.check.Faults.Part;
import io.tallyman.chaos.check.Faults.Window;
import io.tallyman.chaos.history.ClientCall.Outcome;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * Whether the faults of a run bit at all: a run whose faults met nothing, or in which everything
 * failed, breaks no invariant and proves none. What happened is read from the history, never from a
 * count of the harness's own.
 *
 * @param hits how often each thing happened
 * @param missing what the faults of the run, or any run, should have brought about and did not
 */
record Coverage(Map<String, Long> hits, List<String> missing) {

  static final String IN_FLIGHT = "job-in-flight-at-fault";
  static final String REBALANCE = "rebalance-with-jobs-in-flight";
  static final String FENCED = "fenced-attempt";
  static final String DUPLICATE = "duplicate-delivery";
  static final String OPEN_WEBHOOK = "webhook-open-when-a-dispatcher-died";
  static final String UNAVAILABLE = "http-503";
  static final String LEASE_LOST = "lease-lost";
  static final String ATTEMPT_LOST = "attempt-lost";

  /** Of all calls, in percent. */
  private static final int LEAST_OK = 30;

  /** Groups forget a silent member after it. */
  private static final long SESSION = TimeUnit.SECONDS.toMicros(10);

  /** What was told so shortly before a dispatcher died may not have been committed. */
  private static final long SHORTLY = TimeUnit.SECONDS.toMicros(2);

  private static final String[] DEATH = {"kill", "crash", "oom"};
  private static final String[] FREEZE = {"freeze", "pause"};

  /** A kind of fault, and what has to have happened where there was one. */
  private record Demand(String fault, Predicate<Window> isMade, List<String> hits) {

    Demand(String fault, Predicate<Window> isMade, String... hits) {
      this(fault, isMade, List.of(hits));
    }
  }

  static Coverage of(Facts facts) {
    var hits = hits(facts);
    var missing = new ArrayList<String>();
    for (var demand : demands(facts)) {
      var made = facts.faults.windows().stream().filter(demand.isMade()).findFirst();
      if (made.isPresent()) {
        for (var hit : demand.hits()) {
          if (hits.getOrDefault(hit, 0L) < 1) {
            missing.add(
                "%s: expected at least once, because of %s, such as %s"
                    .formatted(hit, demand.fault(), Texts.of(made.get())));
          }
        }
      }
    }
    share(facts, missing);
    endings(facts, missing);
    return new Coverage(hits, List.copyOf(missing));
  }

  private static List<Demand> demands(Facts facts) {
    var lease = facts.history.run().leaseMillis() * 1_000;
    return List.of(
        new Demand("any fault", _ -> true, IN_FLIGHT),
        new Demand(
            "the death of a runner",
            window -> window.isKind(DEATH) && window.isOn(Part.RUNNER),
            ATTEMPT_LOST),
        new Demand(
            "a runner frozen for longer than its lease",
            window ->
                window.isKind(FREEZE)
                    && window.isOn(Part.RUNNER)
                    && window.end() - window.start() > lease + Margins.TIMEOUT,
            LEASE_LOST,
            FENCED),
        new Demand("a processor that left its group", Coverage::isRebalance, REBALANCE),
        new Demand("the death of a dispatcher", Coverage::isDeathOfADispatcher, OPEN_WEBHOOK),
        new Demand(
            "an api cut off from Kafka, or two brokers down at once",
            window -> isApiCutOff(window) || isOneOfTwoBrokers(facts, window),
            UNAVAILABLE));
  }

  private static boolean isRebalance(Window window) {
    return window.isOn(Part.PROCESSOR)
        && (window.isKind(DEATH)
            || window.isKind("term", "restart", "stop")
            || (window.isKind(FREEZE) && window.end() - window.start() > SESSION));
  }

  private static boolean isDeathOfADispatcher(Window window) {
    return window.isKind(DEATH) && window.target().contains("dispatcher");
  }

  private static boolean isApiCutOff(Window window) {
    return window.isKind("partition")
        && window.target().contains("api")
        && !window.target().contains("redis")
        && window.end() - window.start() > SESSION;
  }

  private static boolean isOneOfTwoBrokers(Facts facts, Window window) {
    return isBrokerDown(window)
        && facts.faults.windows().stream()
            .anyMatch(
                other ->
                    isBrokerDown(other)
                        && !other.target().equals(window.target())
                        && Math.min(other.end(), window.end())
                                - Math.max(other.start(), window.start())
                            > SESSION);
  }

  private static boolean isBrokerDown(Window window) {
    return window.target().contains("broker") && (window.isKind(DEATH) || window.isKind(FREEZE));
  }

  private static Map<String, Long> hits(Facts facts) {
    var running = new Running(facts);
    var hits = new TreeMap<String, Long>();
    var windows = facts.faults.windows();
    hits.put(IN_FLIGHT, windows.stream().filter(it -> running.at(it.start()) > 0).count());
    hits.put(
        REBALANCE,
        windows.stream()
            .filter(Coverage::isRebalance)
            .filter(it -> running.at(it.start()) > 0)
            .count());
    hits.put(
        OPEN_WEBHOOK,
        windows.stream()
            .filter(Coverage::isDeathOfADispatcher)
            .filter(it -> facts.jobs().stream().anyMatch(job -> isOpen(job, it.start())))
            .count());
    hits.put(UNAVAILABLE, facts.calls.stream().filter(call -> call.status() == 503).count());
    long fenced = 0;
    long leases = 0;
    long lost = 0;
    long duplicates = 0;
    for (var job : facts.jobs()) {
      fenced += job.rejections.stream().filter(Coverage::isFenced).count();
      for (var event : job.events) {
        leases += event.reason().contains("lease_lost") ? 1 : 0;
        lost += event.reason().matches("(lease_lost|worker_lost|runner_restarted):.*") ? 1 : 0;
      }
      var acknowledged = new HashSet<String>();
      for (var delivery : job.deliveries) {
        duplicates += acknowledged.contains(delivery.id()) ? 1 : 0;
        if (delivery.isAcknowledged()) {
          acknowledged.add(delivery.id());
        }
      }
    }
    hits.put(FENCED, fenced);
    hits.put(LEASE_LOST, leases);
    hits.put(ATTEMPT_LOST, lost);
    hits.put(DUPLICATE, duplicates);
    return hits;
  }

  /** Whether some event of the job had happened and was not told for good. */
  private static boolean isOpen(JobFile job, long at) {
    return job.deliveries.stream()
        .filter(delivery -> delivery.at() > at - SHORTLY && !delivery.isRedelivery())
        .flatMap(delivery -> job.event(delivery.sequence()).stream())
        .anyMatch(event -> TimeUnit.MILLISECONDS.toMicros(event.time()) <= at);
  }

  private static boolean isFenced(Rejection rejection) {
    return rejection.commandType().matches(".*\\.(complete|fail|renew|release)\\..*")
        && rejection.code().matches("STALE_ATTEMPT|INVALID_STATE");
  }

  private static void share(Facts facts, List<String> missing) {
    var ok = facts.calls.stream().filter(call -> call.outcome() == Outcome.OK).count();
    if (ok * 100 < (long) LEAST_OK * facts.calls.size() || ok == 0) {
      missing.add(
          "calls: expected at least %d %% to succeed, but %d of %d did"
              .formatted(LEAST_OK, ok, facts.calls.size()));
    }
  }

  private static void endings(Facts facts, List<String> missing) {
    var ended = facts.jobs().stream().filter(job -> job.last().filter(Event::isEnd).isPresent());
    if (ended.findAny().isEmpty()) {
      missing.add("jobs: expected at least one that ended, but there is none");
    }
    var open =
        facts.jobs().stream()
            .filter(job -> job.last().filter(last -> !last.isEnd()).isPresent())
            .filter(job -> Liveness.limit(facts, job) > facts.history.run().endedAt())
            .count();
    if (open > 0) {
      missing.add(
          "jobs: expected the run to wait for %d that had time left, but it ended before"
              .formatted(open));
    }
  }

  /** How many attempts run at a time. */
  private static final class Running {

    private final long[] starts;
    private final long[] ends;

    Running(Facts facts) {
      var started = new ArrayList<Long>();
      var ended = new ArrayList<Long>();
      for (var job : facts.jobs()) {
        for (int i = 0; i < job.events.size(); i++) {
          if (job.events.get(i).is("JobStarted")) {
            started.add(job.events.get(i).at());
            if (i + 1 < job.events.size()) {
              ended.add(job.events.get(i + 1).at());
            }
          }
        }
      }
      this.starts = started.stream().mapToLong(Long::longValue).sorted().toArray();
      this.ends = ended.stream().mapToLong(Long::longValue).sorted().toArray();
    }

    long at(long at) {
      return upTo(starts, at) - upTo(ends, at);
    }

    private static long upTo(long[] sorted, long at) {
      var index = Arrays.binarySearch(sorted, at);
      if (index < 0) {
        return -index - 1L;
      }
      while (index < sorted.length && sorted[index] == at) {
        index++;
      }
      return index;
    }
  }
}
