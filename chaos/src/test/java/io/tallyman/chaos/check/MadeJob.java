package io.tallyman.chaos.check;

import io.tallyman.chaos.history.ClientCall;
import io.tallyman.chaos.history.ClientCall.Outcome;
import io.tallyman.chaos.history.ContainerSighting;
import io.tallyman.chaos.history.ContainerSighting.Kind;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One made-up job: each step writes the command, what is decided, and what others see of it. Times
 * are milliseconds since the start of the run.
 */
final class MadeJob {

  static final long LEASE = 6_000;

  /** Of a job that hangs. */
  static final long TIMEOUT = 5_000;

  /** One event as others see it: the view is what status and Redis show from it on. */
  record Shown(long sequence, long time, String view) {}

  final String id;
  final List<Shown> shown = new ArrayList<>();

  private final Scribe scribe;
  private final String client;
  private final String seed;
  private final String body;
  private final boolean hasWebhook;
  private final long ttl;
  private final long timeout;

  private long queuedAt;
  private long expiresAt;
  private long startedAt;
  private int attempt;
  private String runner = "";
  private int commands;

  MadeJob(
      Scribe scribe, String id, String client, String program, long ttl, @Nullable String hook) {
    this.scribe = scribe;
    this.id = id;
    this.client = client;
    this.seed = Integer.toHexString(id.hashCode());
    this.ttl = ttl;
    this.timeout = program.equals("hang") ? TIMEOUT : 60_000;
    this.hasWebhook = hook != null;
    this.body =
        """
        {"input":{"seed":"%s","program":"%s","sleepMillis":100},\
        "policy":{"executionTimeout":%d,"ttl":%d}%s}\
        """
            .formatted(
                seed,
                program,
                timeout,
                ttl,
                hook == null ? "" : ",\"webhook\":\"http://127.0.0.1:9/" + hook + "\"");
  }

  /** A call to {@code run} that ends like this. */
  void call(long from, long to, @Nullable String key, Outcome outcome, int status) {
    var isOk = outcome == Outcome.OK;
    scribe.calls.add(
        new ClientCall(
            Scribe.at(from),
            Scribe.at(to),
            client,
            "run",
            isOk ? id : null,
            key,
            body,
            outcome,
            status,
            isOk ? "{\"id\":\"%s\",\"status\":\"IN_QUEUE\"}".formatted(id) : "no"));
  }

  /** A read, whose answer is the newest view of 50 ms before, or that of the submission. */
  void status(long at) {
    var view = "{\"id\":\"%s\",\"status\":\"IN_QUEUE\"}".formatted(id);
    for (var one : shown) {
      view = one.time() <= at - 50 ? one.view() : view;
    }
    read("status", at, Outcome.OK, 200, view);
  }

  void read(String operation, long at, Outcome outcome, int status, String response) {
    scribe.calls.add(
        new ClientCall(
            Scribe.at(at),
            Scribe.at(at + 10),
            client,
            operation,
            id,
            null,
            "",
            outcome,
            status,
            response));
  }

  /** The submission, once more when the log has it already. */
  void submit(long at) {
    var id = command("submit", at, submission());
    if (attempt > 0) {
      reject(at, id, "submit", "ALREADY_EXISTS");
      return;
    }
    queue(at, 1, ttl + at);
    event(
        "queued",
        at,
        "api",
        "\"request\":%s,\"expiresAt\":\"%s\",".formatted(request(), Scribe.iso(expiresAt)),
        "IN_QUEUE",
        "");
  }

  void start(long at, String by) {
    command("start", at, word(attempt, by, ""));
    runner = by;
    startedAt = at;
    var deadline = Math.min(expiresAt, at + timeout);
    event(
        "started",
        at,
        "runner/" + by,
        "\"runner\":\"%s\",\"delayTime\":%d,\"deadline\":\"%s\","
            .formatted(by, at - queuedAt, Scribe.iso(deadline)),
        "IN_PROGRESS",
        ",\"delayTime\":%d,\"workerId\":\"%s\"".formatted(at - queuedAt, by));
  }

  /** Its container, from shortly after the start to then; looked at now and then. */
  void container(long to) {
    var container = "c-" + id + "-" + attempt;
    sight(startedAt + 40, Kind.STARTED, container);
    for (long look = startedAt + 1_000; look < to; look += 1_000) {
      sight(look, Kind.RUNNING, container);
    }
    sight(to, Kind.ENDED, container);
  }

  void renew(long at) {
    command("renew", at, word(attempt, runner, ""));
  }

  void complete(long at) {
    var output = output(attempt);
    command("complete", at, word(attempt, runner, ",\"output\":" + output));
    end("completed", at, "runner/" + runner, "COMPLETED", "\"output\":%s,".formatted(output));
  }

  /** A report of an attempt that is over: refused. */
  void completeLate(long at, int oldAttempt, String by) {
    var id = command("complete", at, word(oldAttempt, by, ",\"output\":" + output(oldAttempt)));
    reject(at, id, "complete", oldAttempt == attempt ? "INVALID_STATE" : "STALE_ATTEMPT");
  }

  void fail(long at) {
    var error = "\"exit_code: the container ended with exit code 1\"";
    command("fail", at, word(attempt, runner, ",\"error\":" + error));
    end("failed", at, "runner/" + runner, "FAILED", "\"error\":%s,".formatted(error));
  }

  void cancel(long at) {
    command("cancel", at, "{\"jobId\":\"%s\",\"actor\":\"api\"}".formatted(id));
    end("cancelled", at, "api", "CANCELLED", "");
    var answer = "{\"id\":\"%s\",\"status\":\"CANCELLED\"}".formatted(id);
    scribe.calls.add(
        new ClientCall(
            Scribe.at(at - 5),
            Scribe.at(at + 30),
            client,
            "cancel",
            id,
            null,
            "",
            Outcome.OK,
            200,
            answer));
  }

  /** The timer, when it is due: a limit, or the end of a lease. */
  void expire(long at, String reason) {
    command("expire", at, "{\"jobId\":\"%s\"}".formatted(id));
    if (reason.startsWith("lease_lost")) {
      requeue(at, "timer", reason);
    } else if (!reason.isEmpty()) {
      end("timed-out", at, "timer", "TIMED_OUT", "\"error\":\"%s\",".formatted(reason));
    }
  }

  void release(long at, String reason) {
    command(
        "release", at, word(attempt, runner, ",\"reason\":\"%s\",\"lost\":true".formatted(reason)));
    if (reason.startsWith("worker_lost")) {
      end("failed", at, "runner/" + runner, "FAILED", "\"error\":\"%s\",".formatted(reason));
    } else {
      requeue(at, "runner/" + runner, reason);
    }
  }

  void retry(long at) {
    command("retry", at, "{\"jobId\":\"%s\",\"actor\":\"operator\"}".formatted(id));
    expiresAt = at + ttl;
    requeue(at, "operator", "retried: asked for by operator");
  }

  private void requeue(long at, String actor, String reason) {
    queue(at, attempt + 1, expiresAt);
    event(
        "requeued",
        at,
        actor,
        "\"reason\":\"%s\",\"expiresAt\":\"%s\",".formatted(reason, Scribe.iso(expiresAt)),
        "IN_QUEUE",
        "");
  }

  private void queue(long at, int number, long until) {
    queuedAt = at;
    expiresAt = until;
    attempt = number;
    runner = "";
    scribe.log(
        "job-dispatch.default",
        at,
        id,
        "attempt.dispatched",
        id + ":dispatch:" + number,
        "{\"jobId\":\"%s\",\"endpoint\":\"default\",\"attempt\":%d,\"input\":1}"
            .formatted(id, number));
  }

  private void end(String type, long at, String actor, String status, String members) {
    var isRun = !runner.isEmpty();
    var delay = isRun ? startedAt - queuedAt : 0;
    var took = isRun ? at - startedAt : 0;
    var run =
        "\"run\":{\"runner\":\"%s\",\"delayTime\":%d,\"executionTime\":%d},"
            .formatted(runner, delay, took);
    var shown = members.isEmpty() ? "" : "," + members.substring(0, members.length() - 1);
    event(
        type,
        at,
        actor,
        (isRun ? run : "") + members,
        status,
        ",\"delayTime\":%d,\"executionTime\":%d,\"workerId\":\"%s\"%s"
            .formatted(delay, took, runner, shown));
  }

  private void event(
      String type, long at, String actor, String members, String status, String viewed) {
    var sequence = shown.size() + 1L;
    scribe.log(
        "job-events",
        at,
        id,
        "job." + type,
        id + ":" + sequence,
        """
        {"meta":{"jobId":"%s","endpoint":"default","sequence":%d,"attempt":%d,"time":"%s",\
        "actor":"%s"%s},%s"status":"%s"}\
        """
            .formatted(
                id,
                sequence,
                attempt,
                Scribe.iso(at),
                actor,
                hasWebhook ? ",\"webhook\":\"http://127.0.0.1:9/hook\"" : "",
                members,
                status));
    var retries = attempt > 1 ? ",\"retries\":" + (attempt - 1) : "";
    shown.add(
        new Shown(
            sequence,
            at,
            "{\"id\":\"%s\",\"status\":\"%s\"%s%s}".formatted(id, status, viewed, retries)));
  }

  private String command(String verb, long at, String value) {
    var commandId = id + "-command-" + ++commands;
    scribe.log("job-commands", at, id, "command." + verb, commandId, value);
    return commandId;
  }

  private void reject(long at, String commandId, String verb, String code) {
    scribe.log(
        "job-rejections",
        at,
        id,
        "command.rejected",
        commandId + ":rejected",
        """
        {"jobId":"%s","commandId":"%s","commandType":"io.tallyman.command.%s.v1","code":"%s"}\
        """
            .formatted(id, commandId, verb, code));
  }

  private void sight(long at, Kind kind, String container) {
    scribe.containers.add(
        new ContainerSighting(Scribe.at(at), kind, container, id, attempt, runner));
  }

  private String word(int number, String by, String more) {
    return "{\"jobId\":\"%s\",\"attempt\":%d,\"runner\":\"%s\"%s}".formatted(id, number, by, more);
  }

  private String output(int number) {
    return "{\"hash\":\"%s\"}".formatted(Texts.sha256(seed + ":" + number));
  }

  private String submission() {
    return "{\"jobId\":\"%s\",\"request\":%s,\"actor\":\"api\"}".formatted(id, request());
  }

  private String request() {
    var end = body.indexOf(",\"webhook\"");
    return "%s,\"endpoint\":\"default\",\"fingerprint\":\"%s\"}"
        .formatted(body.substring(0, end < 0 ? body.length() - 1 : end), Texts.sha256(body));
  }
}
