package io.tallyman.cli.demo;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.cli.Stack;
import io.tallyman.cli.http.ApiClient;
import io.tallyman.cli.http.WebhookReceiver;
import io.tallyman.cli.kafka.EventTail;
import io.tallyman.cli.redis.RedisLook;
import io.tallyman.runtime.redis.JobViews;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobStatus;
import io.tallyman.schemas.job.JobView;
import io.tallyman.schemas.json.MessageCodec;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;

/**
 * The main job, watched from every side: the API that takes it, the topic that records it, the
 * receiver that is told, Redis that mirrors it, and the log it is read back from. All must agree.
 */
public final class Demo {

  /** The mirror follows the log within milliseconds; a busy machine is given longer. */
  private static final Duration MIRROR_LIMIT = Duration.ofSeconds(10);

  private final Transcript transcript;
  private final ApiClient api;
  private final RedisLook redis;
  private final Witness witness;
  private final String webhook;

  private Demo(
      Transcript transcript, ApiClient api, RedisLook redis, Witness witness, String webhook) {
    this.transcript = transcript;
    this.api = api;
    this.redis = redis;
    this.witness = witness;
    this.webhook = webhook;
  }

  /**
   * Runs three jobs on a ready stack and prints what is seen.
   *
   * @throws Disagreement when two sides tell different stories
   * @throws TimeoutException when nothing happens for {@link Witness#PATIENCE}
   */
  public static void run(Stack stack, PrintStream out)
      throws Disagreement, TimeoutException, IOException, InterruptedException {
    var transcript = new Transcript(out);
    var witness = new Witness(transcript);
    var secret =
        stack
            .endpoints()
            .named(EndpointName.DEFAULT)
            .flatMap(endpoint -> endpoint.webhook().secret())
            .orElseThrow();
    try (var receiver = new WebhookReceiver(Optional.of(secret), 0, witness::received);
        var _ = new EventTail(stack.kafka(), witness::saw);
        var api = new ApiClient(stack.endpointUrl(EndpointName.DEFAULT));
        var redis = new RedisLook(stack.redis())) {
      new Demo(transcript, api, redis, witness, receiver.url()).run();
    }
  }

  private void run() throws Disagreement, TimeoutException, IOException, InterruptedException {
    transcript.title("1. A job that completes");
    var completes = submit("{\"name\":\"Ada\"}");
    witness.awaitEnd(completes);
    check(completes, JobStatus.COMPLETED);

    transcript.title("2. A job that fails");
    var fails = submit("{\"fail\":true}");
    witness.awaitEnd(fails);
    check(fails, JobStatus.FAILED);

    transcript.title("3. A job that is cancelled while it runs");
    var cancelled = submit("{\"sleep\":30}");
    witness.awaitEvent(cancelled, JobStatus.IN_PROGRESS);
    transcript.line("request", "POST /v2/default/cancel/" + cancelled);
    transcript.line("answer", "200 " + text(api.cancel(cancelled)));
    witness.awaitEnd(cancelled);
    check(cancelled, JobStatus.CANCELLED);

    transcript.title("4. A receiver that is told again");
    tellAgain(completes);

    transcript.title(
        "All agreed: 3 jobs, 9 events; the topic, the webhooks, Redis, the API and the replayed log"
            + " tell the same story.");
  }

  private void tellAgain(JobId job)
      throws Disagreement, TimeoutException, IOException, InterruptedException {
    transcript.line("request", "POST /v2/default/webhooks/%s/redeliver".formatted(job));
    var ordered = api.redeliver(job, OptionalLong.empty());
    transcript.line("answer", "200 %d ordered".formatted(ordered.ordered().size()));
    witness.awaitRedelivery(job);
    var all = witness.webhooksOf(job);
    var again = all.getLast();
    var before = all.get(all.size() - 2);
    Disagreement.unlessEqual("the webhook's id", before.webhookId(), again.webhookId());
    Disagreement.unlessEqual("the webhook's body", before.body(), again.body());
    Disagreement.unlessEqual("why it was told", "manual", again.trigger());
    Disagreement.unlessEqual("a right signature", Optional.of(true), again.isSigned());
  }

  private JobId submit(String input) throws IOException, InterruptedException {
    transcript.line(
        "request", "POST /v2/default/run  {\"input\":%s,\"webhook\":…}".formatted(input));
    var answer = api.run("{\"input\":%s,\"webhook\":\"%s\"}".formatted(input, webhook));
    transcript.line("answer", "200 " + text(answer));
    return answer.id();
  }

  private void check(JobId job, JobStatus end)
      throws Disagreement, IOException, InterruptedException {
    var events = witness.eventsOf(job);
    var statuses = events.stream().map(JobEvent::status).toList();
    Disagreement.unlessEqual(
        "the topic's transitions",
        List.of(JobStatus.IN_QUEUE, JobStatus.IN_PROGRESS, end),
        statuses);
    Disagreement.unlessEqual(
        "the topic's sequences",
        LongStream.rangeClosed(1, events.size()).boxed().toList(),
        events.stream().map(event -> event.meta().sequence()).toList());

    var webhooks = witness.webhooksOf(job);
    Disagreement.unlessEqual(
        "the webhooks' states", statuses, webhooks.stream().map(it -> it.view().status()).toList());
    Disagreement.unlessEqual(
        "webhooks with a right signature",
        (long) webhooks.size(),
        webhooks.stream().filter(it -> it.isSigned().orElse(false)).count());

    var document = text(JobView.of(events.getLast()));
    checkRedis(job, document);
    Disagreement.unlessEqual("the API's status", document, text(api.status(job)));

    var history = api.history(job);
    Disagreement.unlessEqual(
        "the log, read back", events.stream().map(event -> text(event)).toList(), history);
    transcript.line(
        "history", "%d events, read back from the log: the same".formatted(history.size()));
  }

  private void checkRedis(JobId job, String document) throws Disagreement, InterruptedException {
    var giveUp = System.nanoTime() + MIRROR_LIMIT.toNanos();
    var found = redis.job(job.value());
    while (!found.map(RedisLook.Found::document).filter(document::equals).isPresent()
        && System.nanoTime() < giveUp) {
      if (Thread.interrupted()) {
        throw new InterruptedException("Told to stop while waiting for Redis");
      }
      LockSupport.parkNanos(Duration.ofMillis(5).toNanos());
      found = redis.job(job.value());
    }
    Disagreement.unlessEqual(
        "Redis's document", document, found.map(RedisLook.Found::document).orElse("nothing"));
    var left = found.orElseThrow().timeToLive();
    Disagreement.unlessEqual(
        "a time to live of 0 to 3600 s",
        true,
        left.isPositive() && left.compareTo(JobViews.TIME_TO_LIVE) <= 0);
    transcript.line("redis", "job:%s  TTL %d s  %s".formatted(job, left.toSeconds(), document));
  }

  private static String text(Object message) {
    return new String(MessageCodec.encode(message), UTF_8);
  }
}
