package io.tallyman.chaos.check;

import io.tallyman.chaos.history.LogRecord;
import io.tallyman.chaos.history.Received;
import io.tallyman.chaos.json.Json;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Reads the product's messages as {@code docs/topics.md} describes them. */
final class Messages {

  private static final Map<String, String> EVENTS =
      Map.of(
          "io.tallyman.job.queued.v1", "JobQueued",
          "io.tallyman.job.started.v1", "JobStarted",
          "io.tallyman.job.requeued.v1", "JobRequeued",
          "io.tallyman.job.completed.v1", "JobCompleted",
          "io.tallyman.job.failed.v1", "JobFailed",
          "io.tallyman.job.cancelled.v1", "JobCancelled",
          "io.tallyman.job.timed-out.v1", "JobTimedOut");

  private static final Map<String, String> COMMANDS =
      Map.of(
          "io.tallyman.command.submit.v1", "Submit",
          "io.tallyman.command.start.v1", "Start",
          "io.tallyman.command.complete.v1", "Complete",
          "io.tallyman.command.fail.v1", "Fail",
          "io.tallyman.command.renew.v1", "Renew",
          "io.tallyman.command.release.v1", "Release",
          "io.tallyman.command.cancel.v1", "Cancel",
          "io.tallyman.command.retry.v1", "Retry",
          "io.tallyman.command.expire.v1", "Expire");

  /** Limits of a policy that are not said: RunPod's. */
  private static final long DEFAULT_TIMEOUT = 600_000;

  private static final long DEFAULT_TTL = 86_400_000;

  private Messages() {}

  /** The event; empty when nobody could read it. */
  static Optional<Event> event(LogRecord record) {
    var type = EVENTS.get(record.headers().getOrDefault("ce_type", ""));
    var json = Json.parse(record.value()).filter(Json::isObject).orElse(null);
    if (type == null || json == null) {
      return Optional.empty();
    }
    var job = json.text("meta", "jobId");
    var sequence = json.number("meta", "sequence");
    var attempt = json.number("meta", "attempt");
    var time = json.time("meta", "time");
    var status = json.text("status");
    if (job.isEmpty()
        || sequence.isEmpty()
        || attempt.isEmpty()
        || time.isEmpty()
        || status.isEmpty()) {
      return Optional.empty();
    }
    var isStart = type.equals("JobStarted");
    var delay = isStart ? json.number("delayTime") : json.number("run", "delayTime");
    return Optional.of(
        new Event(
            record,
            type,
            job.get(),
            json.text("meta", "endpoint").orElse(""),
            sequence.getAsLong(),
            (int) attempt.getAsLong(),
            time.getAsLong(),
            json.at("meta", "webhook").isThere(),
            status.get(),
            (isStart ? json.text("runner") : json.text("run", "runner")).orElse(null),
            delay.orElse(-1),
            json.number("run", "executionTime").orElse(-1),
            json.time("expiresAt").orElse(0),
            json.time("deadline").orElse(0),
            json.text("reason").or(() -> json.text("error")).orElse(""),
            type.equals("JobQueued") ? request(json.at("request")) : null));
  }

  /** What a submission asks for; {@code input} and {@code policy} are where the API has them. */
  static Event.Request request(Json request) {
    return new Event.Request(
        request.number("policy", "executionTimeout").orElse(DEFAULT_TIMEOUT),
        request.number("policy", "ttl").orElse(DEFAULT_TTL),
        request.isTrue("policy", "lowPriority"),
        request.text("fingerprint").orElse(""),
        request.text("input", "seed").orElse(""),
        request.text("input", "program").orElse(""),
        request.number("input", "sleepMillis").orElse(0));
  }

  /** The command; empty when nobody could read it, or its key is not its job. */
  static Optional<Command> command(LogRecord record) {
    var type = COMMANDS.get(record.headers().getOrDefault("ce_type", ""));
    var json = Json.parse(record.value()).filter(Json::isObject).orElse(null);
    if (type == null || json == null) {
      return Optional.empty();
    }
    var job = json.text("jobId");
    if (job.isEmpty() || !job.get().equals(record.key()) || !isWhole(type, json)) {
      return Optional.empty();
    }
    return Optional.of(
        new Command(
            record,
            type,
            job.get(),
            (int) json.number("attempt").orElse(0),
            json.text("runner").orElse(""),
            json.isTrue("lost"),
            json.text("request", "fingerprint").orElse(""),
            json.text("request", "endpoint").orElse(""),
            record.headers().getOrDefault("ce_id", "")));
  }

  private static boolean isWhole(String type, Json json) {
    return switch (type) {
      case "Submit" ->
          json.text("request", "endpoint").isPresent()
              && json.text("request", "fingerprint").isPresent();
      case "Start", "Complete", "Fail", "Renew", "Release" ->
          json.number("attempt").orElse(0) > 0 && json.text("runner").isPresent();
      default -> true;
    };
  }

  /** Whether a record offers an attempt to runners. */
  static boolean isDispatch(LogRecord record) {
    return "io.tallyman.attempt.dispatched.v1".equals(record.headers().get("ce_type"))
        && Json.parse(record.value())
            .filter(json -> json.text("jobId").isPresent())
            .filter(json -> json.number("attempt").orElse(0) > 0)
            .isPresent();
  }

  static Optional<Rejection> rejection(LogRecord record) {
    return Json.parse(record.value())
        .filter(json -> json.text("code").isPresent())
        .map(
            json ->
                new Rejection(
                    record,
                    json.text("jobId").orElse(""),
                    json.text("commandId").orElse(""),
                    json.text("commandType").orElse(""),
                    json.text("code").orElse("")));
  }

  static Optional<WebhookReport> webhook(LogRecord record) {
    return Json.parse(record.value())
        .filter(json -> json.text("webhookId").isPresent())
        .map(
            json ->
                new WebhookReport(
                    record,
                    json.text("webhookId").orElse(""),
                    json.text("jobId").orElse(""),
                    json.number("sequence").orElse(0),
                    (int) json.number("attempt").orElse(0),
                    json.time("time").orElse(0),
                    json.text("outcome").orElse(""),
                    json.isTrue("isFinal")));
  }

  static Delivery delivery(Received received) {
    var headers = received.headers();
    return new Delivery(
        received,
        headers.getOrDefault("webhook-id", ""),
        Json.parse(received.body()).flatMap(json -> json.text("id")).orElse(""),
        number(headers.get("webhook-sequence"), 0),
        (int) number(headers.get("webhook-attempt"), 0),
        number(headers.get("webhook-timestamp"), -1));
  }

  private static long number(@Nullable String text, long otherwise) {
    try {
      return text == null ? otherwise : Long.parseLong(text);
    } catch (NumberFormatException e) {
      return otherwise;
    }
  }
}
