package io.tallyman.chaos.check;

import io.tallyman.chaos.history.ClientCall;
import io.tallyman.chaos.history.ClientCall.Outcome;
import io.tallyman.chaos.history.History;
import io.tallyman.chaos.history.RedisSighting;
import io.tallyman.chaos.history.Run;
import io.tallyman.chaos.history.ServiceSighting;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * The history of a run in which the product did all right, through everything: from a seed alone.
 * Jobs are called after what they go through, such as {@code cancelled-17}, for mutators to find.
 *
 * <p>In the first minute runner 1 is frozen, runner 2, the processor, the dispatcher and Redis are
 * killed, and two brokers are down; from 65 s on there is peace.
 */
final class GoodHistory {

  static final String CANARY = "tk_canary_0123456789abcdef";

  private static final long HEALED = 61_000;
  private static final long PEACE = 65_000;
  private static final long LOAD_END = 165_000;
  private static final long END = 290_000;
  private static final long FROZEN = 15_000;
  private static final long THAWED = 28_000;
  private static final long REDIS_BACK = 26_000;
  private static final String ONE = "worker-runner-1";
  private static final String TWO = "worker-runner-2";

  private static final List<String> KINDS =
      List.of(
          "plain",
          "keyed",
          "double",
          "lost",
          "never",
          "reused",
          "failed",
          "cancelled",
          "ignored",
          "timeout",
          "ttl",
          "flaky",
          "drop",
          "broken",
          "retried",
          "renewed",
          "late",
          "handed");

  private final SplittableRandom random;
  private final Scribe scribe = new Scribe();
  private final List<MadeJob> jobs = new ArrayList<>();
  private int count;

  private GoodHistory(long seed) {
    this.random = new SplittableRandom(seed);
  }

  /**
   * @param jobs how many in times of peace; some thirty more meet the faults
   * @param lookMillis between two looks at Redis
   */
  static History of(long seed, int jobs, long lookMillis) {
    return new GoodHistory(seed).make(seed, jobs, lookMillis);
  }

  static History of(long seed) {
    return of(seed, 90, 4_000);
  }

  private History make(long seed, int jobs, long lookMillis) {
    faults();
    for (int i = 0; i < 12; i++) {
      basic("plain", 500 + 900L * i, ONE);
      basic("keyed", 16_000 + 1_000L * i, TWO);
      basic("plain", 33_000 + 400L * i, ONE);
      refused(49_000 + 700L * i);
    }
    basic("renewed", 37_500, ONE);
    frozen(14_000);
    killed(31_000);
    workerLost(14_200);
    for (int i = 0; i < 5; i++) {
      basic("plain", 42_900 + 150L * i, ONE);
    }
    for (int i = 0; i < jobs; i++) {
      var at = PEACE + (LOAD_END - PEACE) * i / jobs + random.nextInt(200);
      basic(KINDS.get(i % KINDS.size()), at, random.nextBoolean() ? ONE : TWO);
    }
    looks(lookMillis);
    poison();
    services();
    health();
    return scribe.history(run(seed));
  }

  private void faults() {
    scribe.fault("freeze", ONE, FROZEN, THAWED);
    scribe.fault("kill", "redis", 22_000, REDIS_BACK);
    scribe.fault("kill", TWO, 32_000, 36_000);
    scribe.fault("kill", "state-processor-1", 38_500, 41_000);
    scribe.fault("kill", "webhook-dispatcher-1", 44_000, 47_000);
    scribe.fault("kill", "broker-1", 48_000, 60_000);
    scribe.fault("kill", "broker-2", 48_500, HEALED);
  }

  private MadeJob job(String kind, String program, long ttl, @Nullable String hook) {
    var job = new MadeJob(scribe, kind + "-" + ++count, "client-" + count % 7, program, ttl, hook);
    jobs.add(job);
    return job;
  }

  private String hook(String kind) {
    return switch (kind) {
      case "flaky", "drop", "broken" -> kind;
      default -> "ok";
    };
  }

  /** A whole life in a few seconds, by kind. */
  private void basic(String kind, long at, String runner) {
    var program =
        switch (kind) {
          case "failed", "retried" -> "fail";
          case "timeout" -> "hang";
          default -> "succeed";
        };
    var job = job(kind, program, kind.equals("ttl") ? 10_000 : 3_600_000, hook(kind));
    var queued = at + 3;
    var started = queued + 30 + random.nextInt(200);
    var ended = started + 400 + random.nextInt(900);
    if (submitted(kind, job, at)) {
      job.submit(queued);
      repeats(kind, job, at, queued);
      live(kind, job, queued, started, ended, runner);
      new MadeWebhooks(scribe, job, hook(kind)).tell(44_000, 47_000);
      if (!kind.equals("lost")) {
        job.status(at + 20);
        job.status(started + 60);
        job.status(ended + 70);
        job.status(ended + 12_000);
      }
    }
  }

  /** Whether the log has it. */
  private boolean submitted(String kind, MadeJob job, long at) {
    switch (kind) {
      case "lost" -> job.call(at, at + 5_000, null, Outcome.INFO, 0);
      case "never" -> job.call(at, at + 5_000, null, Outcome.INFO, 503);
      case "keyed" -> {
        job.call(at, at + 6, "key-" + job.id, Outcome.INFO, 0);
        job.call(at + 2_500, at + 2_520, "key-" + job.id, Outcome.OK, 200);
      }
      case "double", "reused" -> job.call(at, at + 10, "key-" + job.id, Outcome.OK, 200);
      default -> job.call(at, at + 10, null, Outcome.OK, 200);
    }
    return !kind.equals("never");
  }

  private void repeats(String kind, MadeJob job, long at, long queued) {
    if (kind.equals("double")) {
      job.submit(queued + 5);
      job.call(at + 1, at + 20, "key-" + job.id, Outcome.OK, 200);
    } else if (kind.equals("reused")) {
      scribe.calls.add(
          new ClientCall(
              Scribe.at(at + 30),
              Scribe.at(at + 40),
              "client-x",
              "run",
              null,
              "key-" + job.id,
              "{\"input\":1}",
              Outcome.FAIL,
              422,
              "idempotency-key-reused"));
    }
  }

  private void live(
      String kind, MadeJob job, long queued, long started, long ended, String runner) {
    if (kind.equals("ttl")) {
      job.expire(queued + 10_080, "ttl: the job did not end within policy.ttl, 10000 ms");
      return;
    }
    if (kind.equals("cancelled")) {
      job.cancel(queued + 60);
      return;
    }
    job.start(started, runner);
    switch (kind) {
      case "failed" -> job.fail(ended);
      case "ignored" -> job.cancel(ended);
      case "timeout" -> {
        renewals(job, started, started + MadeJob.TIMEOUT);
        job.expire(
            started + MadeJob.TIMEOUT + 90,
            "execution_timeout: the attempt ran longer than policy.executionTimeout, 5000 ms");
        job.container(started + MadeJob.TIMEOUT + 160);
        return;
      }
      case "retried" -> {
        job.fail(ended);
        job.container(ended + 40);
        job.retry(ended + 3_000);
        job.start(ended + 3_100, runner);
        job.fail(ended + 3_900);
        job.container(ended + 3_950);
        return;
      }
      case "renewed" -> {
        renewals(job, started, started + 4_500);
        job.complete(started + 4_500);
        job.container(started + 4_500);
        return;
      }
      case "late" -> {
        job.complete(ended);
        job.completeLate(ended + 30, 1, runner);
      }
      case "handed" -> {
        job.container(ended - 20);
        job.release(ended, "runner_stopped: the runner is shutting down");
        job.start(ended + 200, runner.equals(ONE) ? TWO : ONE);
        job.complete(ended + 900);
        job.container(ended + 900);
        return;
      }
      default -> job.complete(ended);
    }
    job.container(ended + 30);
  }

  private static void renewals(MadeJob job, long from, long to) {
    for (long at = from + MadeJob.LEASE / 3; at < to; at += MadeJob.LEASE / 3) {
      job.renew(at);
    }
  }

  /** Its runner freezes, its lease ends, another one makes it; the first reports when it thaws. */
  private void frozen(long at) {
    var job = job("frozen", "sleep", 3_600_000, "ok");
    job.call(at, at + 10, null, Outcome.OK, 200);
    job.submit(at + 3);
    job.start(at + 100, ONE);
    job.container(THAWED + 60);
    var lost = at + 100 + MadeJob.LEASE + 80;
    job.expire(lost, "lease_lost: runner 'worker-runner-1' was not heard of for 6000 ms");
    job.start(lost + 90, TWO);
    renewals(job, lost + 90, THAWED + 1_500);
    job.completeLate(THAWED + 100, 1, ONE);
    job.complete(THAWED + 1_500);
    job.container(THAWED + 1_530);
    new MadeWebhooks(scribe, job, "ok").tell(44_000, 47_000);
    job.status(THAWED + 500);
  }

  /** Its runner is killed, and says so when it is back. */
  private void killed(long at) {
    var job = job("killed", "succeed", 3_600_000, "ok");
    job.call(at, at + 10, null, Outcome.OK, 200);
    job.submit(at + 3);
    job.start(at + 100, TWO);
    job.container(36_300);
    job.release(36_400, "runner_restarted: the runner was gone");
    job.start(36_500, ONE);
    job.complete(37_000);
    job.container(37_030);
    new MadeWebhooks(scribe, job, "ok").tell(44_000, 47_000);
  }

  /** All its runners die. */
  private void workerLost(long at) {
    var job = job("worker-lost", "succeed", 3_600_000, null);
    job.call(at, at + 10, null, Outcome.OK, 200);
    job.submit(at + 3);
    job.start(at + 100, ONE);
    var lost = at + 100 + MadeJob.LEASE + 40;
    job.expire(lost, "lease_lost: runner 'worker-runner-1' was not heard of for 6000 ms");
    job.start(lost + 90, TWO);
    job.release(lost + 3_000, "runner_restarted: the runner was gone");
    job.start(lost + 3_100, TWO);
    job.release(lost + 5_000, "worker_lost: the last of 3 attempts was lost with its runner");
  }

  private void refused(long at) {
    var job = job("refused", "succeed", 3_600_000, null);
    job.call(at, at + 5_000, null, Outcome.INFO, 503);
    scribe.calls.add(
        new ClientCall(
            Scribe.at(at),
            Scribe.at(at + 9),
            "client-9",
            "status",
            "no-such-job",
            null,
            "",
            Outcome.FAIL,
            404,
            "unknown-job"));
  }

  /** Redis follows by 200 ms, but for the time it is away; it comes back empty. */
  private void looks(long every) {
    for (long at = every; at < END - 1_000; at += every) {
      if (at < 22_000 || at > REDIS_BACK + 1_000) {
        look(at, at < REDIS_BACK ? 0 : at < 30_000 ? 3_000 : 200, false);
      }
    }
    look(END - 500, 200, true);
  }

  private void look(long at, long lag, boolean isLast) {
    for (var job : jobs) {
      MadeJob.Shown seen = null;
      for (var one : job.shown) {
        if (one.time() + lag <= at) {
          seen = one;
        }
      }
      if (seen != null) {
        scribe.redis.add(
            new RedisSighting(
                Scribe.at(at),
                "job:" + job.id,
                seen.sequence(),
                seen.view(),
                seen.time() + 3_600_000 - at,
                isLast));
      }
    }
  }

  private void poison() {
    var headers = new LinkedHashMap<>(Map.of("poison", "yes", "ce_type", "io.tallyman.job.odd.v9"));
    scribe.record("job-commands", 70_000, "poison-1", Map.of("poison", "yes"), "no json {");
    scribe.record("job-commands", 71_000, "poison-2", headers, "{}");
    scribe.record("job-commands", 72_000, "poison-3", Map.of("poison", "yes"), null);
    scribe.record("job-events", 73_000, "poison-4", headers, "[1]");
    scribe.record("job-dispatch.default", 74_000, "poison-5", headers, "{}");
  }

  private void services() {
    for (long at = 1_000; at < END; at += 5_000) {
      for (var service : List.of("api-1", "state-processor-1", ONE, "webhook-dispatcher-1")) {
        scribe.services.add(
            new ServiceSighting(Scribe.at(at), service, 200, "{\"ready\":true}", 40, 200_000_000));
      }
    }
  }

  /** Each client's last calls, and the counts as they are in the end. */
  private void health() {
    var counts = new long[3];
    for (var job : jobs) {
      if (!job.shown.isEmpty()) {
        var last = job.shown.getLast().view();
        counts[0] += last.contains("\"COMPLETED\"") ? 1 : 0;
        counts[1] += last.contains("\"FAILED\"") || last.contains("\"TIMED_OUT\"") ? 1 : 0;
        counts[2] += last.contains("\"retries\":2") ? 2 : last.contains("\"retries\":1") ? 1 : 0;
      }
    }
    var answer =
        """
        {"jobs":{"completed":%d,"failed":%d,"inProgress":0,"inQueue":0,"retried":%d},"workers":{}}\
        """
            .formatted(counts[0], counts[1], counts[2]);
    for (int client = 0; client < 7; client++) {
      for (int i = 0; i < 5; i++) {
        var at = END - 60_000 + 100L * i;
        scribe.calls.add(
            new ClientCall(
                Scribe.at(at),
                Scribe.at(at + 9),
                "client-" + client,
                "health",
                null,
                null,
                "",
                Outcome.OK,
                200,
                answer));
      }
    }
  }

  private static Run run(long seed) {
    return new Run(
        seed,
        "made-up",
        Scribe.at(0),
        Scribe.at(HEALED),
        Scribe.at(LOAD_END),
        Scribe.at(END),
        MadeJob.LEASE,
        3,
        MadeWebhooks.ATTEMPTS,
        MadeWebhooks.DELAY,
        MadeWebhooks.SECRET,
        List.of(CANARY, "another-canary-42"),
        List.of(),
        List.of());
  }
}
