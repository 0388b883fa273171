package io.tallyman.chaos.check;

import static io.tallyman.chaos.check.Edit.answered;
import static io.tallyman.chaos.check.Edit.at;
import static io.tallyman.chaos.check.Edit.call;
import static io.tallyman.chaos.check.Edit.each;
import static io.tallyman.chaos.check.Edit.event;
import static io.tallyman.chaos.check.Edit.find;
import static io.tallyman.chaos.check.Edit.last;
import static io.tallyman.chaos.check.Edit.on;
import static io.tallyman.chaos.check.Edit.received;
import static io.tallyman.chaos.check.Edit.remove;
import static io.tallyman.chaos.check.Edit.signed;
import static io.tallyman.chaos.check.Edit.withHeader;
import static io.tallyman.chaos.check.Edit.withValue;

import io.tallyman.chaos.history.ClientCall;
import io.tallyman.chaos.history.ClientCall.Outcome;
import io.tallyman.chaos.history.ContainerSighting;
import io.tallyman.chaos.history.ContainerSighting.Kind;
import io.tallyman.chaos.history.LogRecord;
import io.tallyman.chaos.history.Received;
import io.tallyman.chaos.history.RedisSighting;
import io.tallyman.chaos.history.Run;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;

/** What can be wrong with what clients, receivers, engines and Redis saw. */
final class WorldMutants {

  private static final long SECOND = 1_000_000;

  static final List<Mutant> ALL =
      List.of(
          new Mutant(
              "nobody asked for a job",
              Invariant.I2,
              edit -> remove(edit.calls, call(edit.job("plain"), "run"))),
          new Mutant(
              "a refused submission is in the log",
              Invariant.I2,
              edit ->
                  each(
                      edit.calls,
                      call(edit.job("plain"), "run"),
                      it -> List.of(answered(it, "", Outcome.FAIL, 400, "refused")))),
          new Mutant(
              "one key has two jobs",
              Invariant.I3,
              edit -> {
                var one = last(edit.calls, call(edit.job("double"), "run"));
                edit.calls.remove(one);
                edit.calls.add(answered(one, edit.job("plain"), Outcome.OK, 200, "{}"));
              }),
          new Mutant(
              "a key is taken with another body",
              Invariant.I3,
              edit -> {
                var job = edit.job("reused");
                each(
                    edit.calls,
                    it -> it.status() == 422 && ("key-" + job).equals(it.key()),
                    it -> List.of(answered(it, job, Outcome.OK, 200, "{}")));
              }),
          new Mutant(
              "an attempt has two containers",
              Invariant.I8,
              edit ->
                  each(
                      edit.containers,
                      is(edit.job("plain"), 1, Kind.STARTED),
                      it ->
                          List.of(
                              it,
                              new ContainerSighting(
                                  it.at(), it.kind(), "other", it.job(), 1, it.runner())))),
          new Mutant(
              "containers of two attempts overlap",
              Invariant.I8,
              edit -> {
                var job = edit.job("handed");
                var newer = find(edit.containers, is(job, 2, Kind.ENDED));
                each(
                    edit.containers,
                    is(job, 1, Kind.ENDED),
                    it -> List.of(at(it, newer.at() + 3 * SECOND)));
                each(
                    edit.containers,
                    is(job, 2, Kind.ENDED),
                    it -> List.of(at(it, newer.at() + 3 * SECOND)));
              }),
          new Mutant(
              "a container outlives its attempt",
              Invariant.I9,
              edit ->
                  each(
                      edit.containers,
                      is(edit.job("plain"), 1, Kind.ENDED),
                      it -> List.of(at(it, it.at() + 60 * SECOND)))),
          new Mutant(
              "a container is left",
              Invariant.I9,
              edit -> edit.run(run -> run(run, List.of("tally-x-1"), run.leaks()))),
          new Mutant("Redis goes back", Invariant.I11, WorldMutants::regress),
          new Mutant(
              "Redis is ahead of the log",
              Invariant.I11,
              edit -> {
                var job = edit.job("plain");
                var one = find(edit.redis, it -> it.key().equals("job:" + job));
                edit.redis.add(
                    new RedisSighting(
                        one.at() - 20 * SECOND,
                        one.key(),
                        one.sequence(),
                        one.view(),
                        one.ttlMillis(),
                        false));
              }),
          new Mutant(
              "Redis shows another state at the end",
              Invariant.I11,
              edit ->
                  sighting(
                      edit,
                      edit.job("plain"),
                      it -> it.view().replace("COMPLETED", "FAILED"),
                      RedisSighting::ttlMillis)),
          new Mutant(
              "Redis lacks a job at the end",
              Invariant.I11,
              edit -> {
                var key = "job:" + edit.job("plain");
                remove(edit.redis, it -> it.isLast() && it.key().equals(key));
              }),
          new Mutant(
              "a key never expires",
              Invariant.I12,
              edit -> sighting(edit, edit.job("plain"), RedisSighting::view, _ -> -1L)),
          new Mutant(
              "a key stays for two hours",
              Invariant.I12,
              edit -> sighting(edit, edit.job("plain"), RedisSighting::view, _ -> 7_200_000L)),
          new Mutant(
              "404 for a job that was accepted",
              Invariant.I13,
              edit -> {
                var job = edit.job("plain");
                var one = last(edit.calls, call(job, "status"));
                edit.calls.remove(one);
                edit.calls.add(answered(one, job, Outcome.FAIL, 404, "unknown-job"));
              }),
          new Mutant(
              "a client reads back in time",
              Invariant.I13,
              edit -> {
                var job = edit.job("plain");
                var first = find(edit.calls, call(job, "status"));
                var one = last(edit.calls, call(job, "status"));
                edit.calls.remove(one);
                edit.calls.add(answered(one, job, Outcome.OK, 200, first.response()));
              }),
          new Mutant(
              "a client is told what the log never said",
              Invariant.I13,
              edit -> {
                var job = edit.job("plain");
                var one = last(edit.calls, call(job, "status"));
                edit.calls.remove(one);
                edit.calls.add(
                    answered(
                        one, job, Outcome.OK, 200, one.response().replace("COMPLETED", "FAILED")));
              }),
          new Mutant(
              "cancelled by its answer, completed by the log",
              Invariant.I13,
              edit ->
                  each(
                      edit.log,
                      event(edit.job("ignored"), "cancelled"),
                      record ->
                          List.of(
                              withHeader(
                                  withValue(record, it -> it.replace("CANCELLED", "COMPLETED")),
                                  "ce_type",
                                  "io.tallyman.job.completed.v1")))),
          new Mutant(
              "cancel knows the end before it comes",
              Invariant.I14,
              edit -> {
                var job = edit.job("renewed");
                var accepted = find(edit.calls, call(job, "run"));
                edit.calls.add(
                    new ClientCall(
                        accepted.endedAt() + 10,
                        accepted.endedAt() + 20,
                        "client-c",
                        "cancel",
                        job,
                        null,
                        "",
                        Outcome.OK,
                        200,
                        "{\"status\":\"COMPLETED\"}"));
              }),
          new Mutant(
              "a webhook is lost",
              Invariant.I15,
              edit -> {
                var job = edit.job("plain");
                remove(edit.received, received(job, 2, 1));
                remove(edit.log, on("webhook-attempts", job).and(it -> has(it, "\"sequence\":2")));
              }),
          new Mutant(
              "what was delivered never arrived",
              Invariant.I15,
              edit -> {
                var job = edit.job("broken");
                remove(edit.received, received(job, 1, 3));
                remove(edit.received, received(job, 1, 2));
                remove(edit.received, received(job, 1, 1));
                each(
                    edit.log,
                    on("webhook-attempts", job).and(it -> has(it, "\"sequence\":1,\"attempt\":3")),
                    it -> List.of(withValue(it, value -> value.replace("status", "delivered"))));
              }),
          new Mutant(
              "an event arrives that never was",
              Invariant.I15,
              edit ->
                  each(
                      edit.received,
                      received(edit.job("plain"), 3, 1),
                      it -> List.of(it, withSequence(it, "9")))),
          new Mutant(
              "a webhook that was given up has no dead letter",
              Invariant.I15,
              edit -> remove(edit.log, on("webhook-dead-letters", edit.job("broken")))),
          new Mutant(
              "two webhooks change places",
              Invariant.I16,
              edit -> {
                var job = edit.job("plain");
                var first = find(edit.received, received(job, 1, 1));
                var second = find(edit.received, received(job, 2, 1));
                edit.received.remove(first);
                edit.received.remove(second);
                edit.received.add(at(first, second.at()));
                edit.received.add(at(second, first.at()));
              }),
          new Mutant(
              "a repeated webhook has another body",
              Invariant.I17,
              edit ->
                  each(
                      edit.received,
                      received(edit.job("flaky"), 3, 2),
                      it -> List.of(signed(it, seconds(it), it.body() + " ")))),
          new Mutant(
              "one byte of a body is flipped",
              Invariant.I17,
              edit ->
                  each(
                      edit.received,
                      received(edit.job("plain"), 3, 1),
                      it ->
                          List.of(
                              new Received(
                                  it.at(),
                                  it.path(),
                                  it.headers(),
                                  it.body().replace("COMPLETED", "COMPLETEE"),
                                  it.answer())))),
          new Mutant(
              "a repeat has the timestamp of the first",
              Invariant.I17,
              edit -> {
                var job = edit.job("flaky");
                var first = seconds(find(edit.received, received(job, 3, 1)));
                each(
                    edit.received,
                    received(job, 3, 2),
                    it -> List.of(signed(it, first, it.body())));
              }),
          new Mutant(
              "an event has two webhook ids",
              Invariant.I17,
              edit ->
                  each(
                      edit.received,
                      received(edit.job("flaky"), 3, 2),
                      it -> List.of(withId(it, "msg_other")))),
          new Mutant(
              "a repeat comes too soon",
              Invariant.I18,
              edit ->
                  each(
                      edit.received,
                      received(edit.job("flaky"), 3, 2),
                      it -> List.of(at(it, it.at() - SECOND)))),
          new Mutant(
              "a repeat comes two minutes late",
              Invariant.I18,
              edit ->
                  each(
                      edit.received,
                      received(edit.job("flaky"), 3, 2),
                      it -> List.of(at(it, it.at() + 120 * SECOND)))),
          new Mutant(
              "a webhook is given up after two attempts of three",
              Invariant.I18,
              edit ->
                  each(
                      edit.log,
                      on("webhook-dead-letters", edit.job("broken")),
                      it ->
                          List.of(
                              withValue(
                                  it, value -> value.replace("\"attempt\":3", "\"attempt\":2"))))),
          new Mutant(
              "a client is not answered in the end",
              Invariant.I21,
              edit -> {
                var one = last(edit.calls, it -> it.client().equals("client-1"));
                edit.calls.remove(one);
                edit.calls.add(answered(one, "", Outcome.INFO, 0, "timeout"));
              }),
          new Mutant(
              "health counts one more",
              Invariant.I26,
              edit -> {
                var one = last(edit.calls, it -> it.operation().equals("health"));
                edit.calls.remove(one);
                edit.calls.add(
                    answered(
                        one,
                        "",
                        Outcome.OK,
                        200,
                        one.response().replace("\"inQueue\":0", "\"inQueue\":1")));
              }),
          new Mutant(
              "a canary is in a topic",
              Invariant.I27,
              edit ->
                  each(
                      edit.log,
                      event(edit.job("plain"), 2),
                      it -> List.of(withHeader(it, "note", "see " + GoodHistory.CANARY)))),
          new Mutant(
              "a canary is in an answer",
              Invariant.I27,
              edit -> {
                var one = last(edit.calls, it -> it.operation().equals("health"));
                edit.calls.remove(one);
                edit.calls.add(
                    answered(one, "", Outcome.FAIL, 401, GoodHistory.CANARY + " is no key"));
              }),
          new Mutant(
              "the harness found a canary in a log",
              Invariant.I27,
              edit ->
                  edit.run(run -> run(run, run.leftContainers(), List.of("api-1.log: canary")))));

  private WorldMutants() {}

  private static void regress(Edit edit) {
    var key = "job:" + edit.job("timeout");
    var seen = edit.redis.stream().filter(it -> it.key().equals(key)).toList();
    var first = seen.getFirst();
    var later = seen.get(seen.size() / 2);
    if (first.sequence() == later.sequence()) {
      throw new AssertionError("Expected a look in between, but all show " + first.sequence());
    }
    edit.redis.remove(later);
    edit.redis.add(
        new RedisSighting(
            later.at(), key, first.sequence(), first.view(), later.ttlMillis(), false));
  }

  private static void sighting(
      Edit edit,
      String job,
      Function<RedisSighting, String> view,
      ToLongFunction<RedisSighting> ttl) {
    each(
        edit.redis,
        it -> it.isLast() && it.key().equals("job:" + job),
        it ->
            List.of(
                new RedisSighting(
                    it.at(),
                    it.key(),
                    it.sequence(),
                    view.apply(it),
                    ttl.applyAsLong(it),
                    it.isLast())));
  }

  private static Predicate<ContainerSighting> is(String job, int attempt, Kind kind) {
    return it -> it.job().equals(job) && it.attempt() == attempt && it.kind() == kind;
  }

  private static boolean has(LogRecord record, String part) {
    return String.valueOf(record.value()).contains(part);
  }

  private static long seconds(Received received) {
    return Long.parseLong(received.headers().getOrDefault("webhook-timestamp", ""));
  }

  private static Received withSequence(Received received, String sequence) {
    return withHeaders(received, "webhook-sequence", sequence, "msg_phantom");
  }

  private static Received withId(Received received, String id) {
    return withHeaders(received, "webhook-id", id, id);
  }

  private static Received withHeaders(Received received, String name, String value, String id) {
    var headers = new LinkedHashMap<>(received.headers());
    headers.put("webhook-id", id);
    headers.put(name, value);
    return signed(
        new Received(received.at(), received.path(), headers, received.body(), received.answer()),
        seconds(received),
        received.body());
  }

  static Run run(Run run, List<String> left, List<String> leaks) {
    return new Run(
        run.seed(),
        run.profile(),
        run.startedAt(),
        run.healedAt(),
        run.loadEndedAt(),
        run.endedAt(),
        run.leaseMillis(),
        run.maxAttempts(),
        run.webhookAttempts(),
        run.webhookDelayMillis(),
        run.webhookSecret(),
        run.canaries(),
        left,
        leaks);
  }
}
