package io.tallyman.webhooks.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.runtime.endpoints.Endpoint.Success;
import io.tallyman.runtime.endpoints.Endpoints;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.EventMeta;
import io.tallyman.schemas.job.EventPosition;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobEvent.JobRequeued;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.WebhookAttempt;
import io.tallyman.webhooks.delivery.Sender.Exchange;
import io.tallyman.webhooks.delivery.Sender.Request;
import io.tallyman.webhooks.resilience.TargetGuards;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/** A deliverer, with a receiver, a log and clocks that are the test's. */
final class DelivererFixture {

  static final Instant TIME = Instant.ofEpochSecond(1_614_265_330);
  static final URI RECEIVER = URI.create("http://receiver.test/hook");

  final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1);
  final PastAttempts past = PastAttempts.none();
  final Origin origin = new Origin(new Claim(), past);
  final Backlog backlog = new Backlog();
  final Queue<Request> requests = new ConcurrentLinkedQueue<>();
  final Queue<WebhookAttempt> attempts = new ConcurrentLinkedQueue<>();
  final Queue<WebhookAttempt> letters = new ConcurrentLinkedQueue<>();
  final AtomicLong nanos = new AtomicLong();
  final Pulse pulse = new Pulse(nanos::get, Duration.ofSeconds(10));
  final AtomicInteger done = new AtomicInteger();
  private final Endpoints endpoints;
  private volatile Instant time = TIME;
  private volatile Runnable recording = () -> {};
  private volatile CompletableFuture<Object> durable = CompletableFuture.completedFuture("");

  DelivererFixture(Endpoints endpoints) {
    this.endpoints = endpoints;
  }

  /** What the wall clock says from now on. */
  void time(Instant time) {
    this.time = time;
  }

  /** What happens from now on when an attempt is recorded. */
  void recording(Runnable recording) {
    this.recording = recording;
  }

  /** When a dead letter is durable, from now on. */
  void durable(CompletableFuture<Object> durable) {
    this.durable = durable;
  }

  Deliverer deliverer(Function<Request, Outcome> receiver) {
    return delivererWith(
        request ->
            new Exchange() {
              @Override
              public Outcome run() {
                requests.add(request);
                return receiver.apply(request);
              }

              @Override
              public void cancel() {
                // Too late: it has answered.
              }
            });
  }

  Deliverer delivererWith(Sender sender) {
    AttemptLog log =
        new AttemptLog() {
          @Override
          public void record(WebhookAttempt attempt) {
            recording.run();
            attempts.add(attempt);
          }

          @Override
          public CompletionStage<?> giveUp(WebhookAttempt last) {
            letters.add(last);
            return durable;
          }
        };
    return new Deliverer(
        endpoints,
        new Deliverer.Ports(
            sender,
            log,
            DeliveryMeter.none(),
            new TargetGuards(System::nanoTime),
            pulse,
            () -> time,
            timer),
        backlog,
        1_000);
  }

  void tell(Deliverer deliverer, JobEvent event) {
    deliverer.tell(logged(event), RECEIVER, origin, done::incrementAndGet);
  }

  static LoggedEvent logged(JobEvent event) {
    return new LoggedEvent(event, new EventPosition(0, event.meta().sequence()));
  }

  static JobEvent queued(String job, long sequence, String endpoint) {
    return new JobRequeued(meta(job, sequence, endpoint), "retried: x", TIME);
  }

  static EventMeta meta(String job, long sequence, String endpoint) {
    return new EventMeta(
        new JobId(job),
        new EndpointName(endpoint),
        sequence,
        1,
        TIME,
        "api",
        Optional.of(RECEIVER));
  }

  static Outcome answer(int status) {
    return Outcome.answered(status, Success.ONLY_200, "");
  }

  static void await(BooleanSupplier condition) {
    var until = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("30 s have passed").isLessThan(until);
      LockSupport.parkNanos(1_000_000);
    }
  }
}
