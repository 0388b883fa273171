package io.tallyman.api.http;

import static io.javalin.http.HandlerType.GET;
import static io.javalin.http.HandlerType.POST;

import io.javalin.http.Context;
import io.tallyman.api.http.Documents.Brief;
import io.tallyman.api.http.Documents.History;
import io.tallyman.api.jobs.Credential;
import io.tallyman.api.jobs.JobIds;
import io.tallyman.api.jobs.Jobs;
import io.tallyman.api.jobs.Submissions.Outcome;
import io.tallyman.api.views.Unavailable;
import io.tallyman.runtime.redis.JobViews.Entry;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobRequest;
import java.time.Duration;
import java.util.Collections;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * RunPod's routes, each under {@code /v2/{endpoint}} and, for the endpoint {@code default}, without
 * it. Success is exactly 200: RunPod's clients take every other status for a failure.
 *
 * <ul>
 *   <li>{@code POST run}: {@code {id, status}}
 *   <li>{@code POST runsync}, {@code GET|POST status-sync/{id}}: waits for the end as long as
 *       {@code ?wait=} says; the status document, or {@code {id, status}}
 *   <li>{@code GET|POST status/{id}}: the status document
 *   <li>{@code POST cancel/{id}}: {@code {id, status}}
 *   <li>{@code GET health}: jobs and workers of the endpoint
 *   <li>{@code GET history/{id}}: all events of a job, from the log
 * </ul>
 */
final class JobRoutes {

  /** Name of the request attribute that {@link Guard} sets. */
  static final String CREDENTIAL = "credential";

  private static final long MIN_WAIT_MS = 1_000;
  private static final long MAX_WAIT_MS = 300_000;
  private static final long DEFAULT_WAIT_MS = 90_000;

  /** RunPod's clients send at most this on {@code status-sync}. */
  private static final long MAX_STATUS_WAIT_MS = 90_000;

  private static final int MAX_KEY = 255;

  private final Jobs jobs;
  private final Requests requests;

  JobRoutes(Jobs jobs, Requests requests) {
    this.jobs = jobs;
    this.requests = requests;
  }

  void addTo(RouteTable table) {
    table.addBoth("/run", this::run, POST);
    table.addBoth("/runsync", this::runSync, POST);
    table.addBoth("/status/{id}", this::status, GET, POST);
    table.addBoth("/status-sync/{id}", this::statusSync, GET, POST);
    table.addBoth("/cancel/{id}", this::cancel, POST);
    table.addBoth("/health", this::health, GET);
    table.addBoth("/history/{id}", this::history, GET);
  }

  private void run(Context context) throws Unavailable {
    var entry = submit(context, Bodies.RUN_LIMIT, jobs.ids()::async);
    Requests.answer(context, Brief.of(entry));
  }

  private void runSync(Context context) throws Unavailable {
    var wait = runSyncWait(context);
    var entry = submit(context, Bodies.RUNSYNC_LIMIT, jobs.ids()::sync);
    var ended = jobs.reads().await(entry.endpoint(), entry.view().id(), wait).orElse(entry);
    answerWaiting(context, ended);
  }

  private void status(Context context) throws Unavailable {
    requests.requireNoBody(context);
    var entry =
        jobs.reads()
            .find(requests.endpoint(context), Requests.job(context))
            .orElseThrow(Requests::unknownJob);
    Requests.answer(context, entry.view());
  }

  private void statusSync(Context context) throws Unavailable {
    var wait = statusSyncWait(context);
    requests.requireNoBody(context);
    answerWaiting(
        context,
        jobs.reads()
            .await(requests.endpoint(context), Requests.job(context), wait)
            .orElseThrow(Requests::unknownJob));
  }

  private void cancel(Context context) throws Unavailable {
    requests.requireNoBody(context);
    var entry =
        jobs.cancellations()
            .cancel(requests.endpoint(context), Requests.job(context))
            .orElseThrow(Requests::unknownJob);
    Requests.answer(context, Brief.of(entry));
  }

  private void health(Context context) {
    Requests.answer(context, jobs.healths().of(requests.endpoint(context)));
  }

  private void history(Context context) throws Unavailable {
    var endpoint = requests.endpoint(context);
    var job = Requests.job(context);
    var events = jobs.reads().history(endpoint, job).orElseThrow(Requests::unknownJob);
    Requests.answer(context, History.of(job, endpoint, events));
  }

  private Entry submit(Context context, int limit, Supplier<JobId> newId) throws Unavailable {
    var endpoint = requests.endpoint(context);
    var key = idempotencyKey(context);
    try (var body = requests.bodies().read(context.req(), limit)) {
      var parsed = SubmitBody.parse(body.bytes(), jobs.addresses(), jobs.secretsOf(endpoint));
      var request =
          new JobRequest(
              endpoint,
              parsed.input(),
              parsed.policy(),
              parsed.webhook(),
              parsed.webhookSecretName(),
              JobIds.fingerprint(body.bytes()));
      if (key.isEmpty()) {
        return jobs.submissions().accept(newId.get(), request);
      }
      Credential credential = context.attribute(CREDENTIAL);
      var job =
          JobIds.derived(
              credential == null ? Credential.ANONYMOUS : credential, endpoint, key.get());
      return switch (jobs.submissions().acceptOnce(job, request)) {
        case Outcome.Accepted(var entry) -> entry;
        case Outcome.IdTaken _ ->
            throw Refusal.of(
                422,
                "idempotency-key-reused",
                "Expected the same body as before under this Idempotency-Key, but it differs. Use"
                    + " another key for another job");
        case Outcome.Refused(var rejection) -> throw Refusal.of(409, "refused", rejection.detail());
      };
    }
  }

  private static Duration runSyncWait(Context context) {
    var wait = waitMillis(context);
    if (wait < MIN_WAIT_MS || wait > MAX_WAIT_MS) {
      throw illegalWait();
    }
    return Duration.ofMillis(wait);
  }

  private static Duration statusSyncWait(Context context) {
    return Duration.ofMillis(Math.clamp(waitMillis(context), MIN_WAIT_MS, MAX_STATUS_WAIT_MS));
  }

  private static long waitMillis(Context context) {
    var values = context.queryParams("wait");
    if (values.isEmpty()) {
      return DEFAULT_WAIT_MS;
    }
    try {
      if (values.size() == 1) {
        return Long.parseLong(values.getFirst());
      }
    } catch (NumberFormatException e) {
      // Answered below, with the range.
    }
    throw illegalWait();
  }

  private static Refusal illegalWait() {
    return Refusal.of(
        400,
        "invalid-wait",
        "Expected 'wait' once, a whole number of milliseconds from %d to %d, but got something else"
            .formatted(MIN_WAIT_MS, MAX_WAIT_MS));
  }

  private static Optional<String> idempotencyKey(Context context) {
    var values = Collections.list(context.req().getHeaders("Idempotency-Key"));
    if (values.isEmpty()) {
      return Optional.empty();
    }
    var key = values.getFirst();
    var isLegal =
        values.size() == 1
            && !key.isEmpty()
            && key.length() <= MAX_KEY
            && key.chars().allMatch(character -> character > ' ' && character < 0x7f);
    if (!isLegal) {
      throw Refusal.of(
          400,
          "invalid-idempotency-key",
          "Expected one Idempotency-Key of 1 to %d visible ASCII characters, but got something else."
                  .formatted(MAX_KEY)
              + " A UUID is a good key");
    }
    return Optional.of(key);
  }

  private static void answerWaiting(Context context, Entry entry) {
    Requests.answer(context, entry.view().status().isTerminal() ? entry.view() : Brief.of(entry));
  }
}
