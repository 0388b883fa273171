package io.tallyman.api.http;

import static io.javalin.http.HandlerType.GET;
import static io.javalin.http.HandlerType.POST;

import io.javalin.http.Context;
import io.tallyman.api.http.Documents.Failed;
import io.tallyman.api.http.Documents.Ordered;
import io.tallyman.api.http.Documents.WebhookHistory;
import io.tallyman.api.jobs.Webhooks;
import io.tallyman.api.jobs.Webhooks.Ordering;
import io.tallyman.api.views.Unavailable;
import io.tallyman.runtime.kafka.WebhookDeadLetters;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.OptionalLong;

/**
 * What became of webhooks, and telling receivers again; each route under {@code /v2/{endpoint}}
 * and, for the endpoint {@code default}, without it.
 *
 * <ul>
 *   <li>{@code GET webhooks/{id}}: every request of a job's webhook
 *   <li>{@code POST webhooks/{id}/redeliver?sequence=}: tells the receiver again of one event, the
 *       newest when none is named
 *   <li>{@code GET webhooks?since=}: deliveries that were given up, and not told again
 *   <li>{@code POST webhooks/redeliver?since=}: tells all those receivers again
 * </ul>
 */
final class WebhookRoutes {

  private static final Duration DEFAULT_SINCE = Duration.ofHours(24);

  private final Requests requests;
  private final Webhooks webhooks;

  WebhookRoutes(Requests requests, Webhooks webhooks) {
    this.requests = requests;
    this.webhooks = webhooks;
  }

  void addTo(RouteTable table) {
    table.addBoth("/webhooks", this::failed, GET);
    table.addBoth("/webhooks/redeliver", this::redeliverFailed, POST);
    table.addBoth("/webhooks/{id}", this::history, GET);
    table.addBoth("/webhooks/{id}/redeliver", this::redeliver, POST);
  }

  private void history(Context context) throws Unavailable {
    var endpoint = requests.endpoint(context);
    var job = Requests.job(context);
    var attempts = webhooks.attempts(endpoint, job).orElseThrow(Requests::unknownJob);
    Requests.answer(context, new WebhookHistory(job, endpoint, attempts));
  }

  private void redeliver(Context context) throws Unavailable {
    requests.requireNoBody(context);
    var sequence = sequence(context);
    switch (webhooks.redeliver(requests.endpoint(context), Requests.job(context), sequence)) {
      case Ordering.Ordered(var order) ->
          Requests.answer(context, new Ordered(List.of(order), true));
      case Ordering.UnknownJob _ -> throw Requests.unknownJob();
      case Ordering.UnknownEvent _ ->
          throw Refusal.of(
              404,
              "unknown-event",
              "Expected the sequence of an event of this job, but it has no such event. Ask for"
                  + " its history");
      case Ordering.NoWebhook _ ->
          throw Refusal.of(
              409,
              "no-webhook",
              "Expected a job with a webhook, but this one was submitted without. Ask for its"
                  + " status");
    }
  }

  private void failed(Context context) throws Unavailable {
    var since = since(context);
    var letters = webhooks.failed(requests.endpoint(context), since);
    Requests.answer(context, new Failed(since, letters, letters.size() < Webhooks.MAX_LETTERS));
  }

  private void redeliverFailed(Context context) throws Unavailable {
    requests.requireNoBody(context);
    var orders = webhooks.redeliverFailed(requests.endpoint(context), since(context));
    Requests.answer(context, new Ordered(orders, orders.size() < Webhooks.MAX_LETTERS));
  }

  private Instant since(Context context) {
    var values = context.queryParams("since");
    if (values.isEmpty()) {
      return webhooks.ago(DEFAULT_SINCE);
    }
    try {
      var since = Instant.parse(values.getFirst());
      if (values.size() == 1 && !since.isBefore(webhooks.ago(WebhookDeadLetters.MAX_AGE))) {
        return since;
      }
    } catch (DateTimeParseException e) {
      // Answered below, with an example.
    }
    throw Refusal.of(
        400,
        "invalid-since",
        "Expected 'since' once, a moment of the last %d days such as 2026-01-31T12:00:00Z, but got"
                .formatted(WebhookDeadLetters.MAX_AGE.toDays())
            + " something else");
  }

  private static OptionalLong sequence(Context context) {
    var values = context.queryParams("sequence");
    if (values.isEmpty()) {
      return OptionalLong.empty();
    }
    try {
      var sequence = Long.parseLong(values.getFirst());
      if (values.size() == 1 && sequence > 0) {
        return OptionalLong.of(sequence);
      }
    } catch (NumberFormatException e) {
      // Answered below.
    }
    throw Refusal.of(
        400,
        "invalid-sequence",
        "Expected 'sequence' once, the sequence of an event as its history shows it, but got"
            + " something else");
  }
}
