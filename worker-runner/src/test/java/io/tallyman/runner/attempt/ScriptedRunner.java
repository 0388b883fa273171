package io.tallyman.runner.attempt;

import io.tallyman.runtime.Service.Health;
import io.tallyman.runtime.endpoints.Endpoints;
import io.tallyman.schemas.job.Dispatch;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.RawJson;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** The book of attempts of one slot, with a runtime that ends when it is told to, and no Kafka. */
final class ScriptedRunner implements AutoCloseable {

  static final AttemptId LEFT = new AttemptId(new JobId("left"), 1);

  final LinkedBlockingQueue<String> reported = new LinkedBlockingQueue<>();
  final CountDownLatch finish = new CountDownLatch(1);
  volatile boolean isHealthy = true;
  volatile boolean isKafkaUp = true;
  volatile Left left = new Left(List.of(LEFT), List.of());
  final Attempts attempts = new Attempts(Endpoints.builtIn(), new Scripted(), new Recorded(), 1);

  @Override
  public void close() {
    finish.countDown();
    attempts.close();
  }

  static Dispatch dispatch(AttemptId id) {
    return new Dispatch(id.jobId(), EndpointName.DEFAULT, id.attempt(), RawJson.NULL);
  }

  /** The next report, waited for. */
  String next() throws InterruptedException {
    var one = reported.poll(10, TimeUnit.SECONDS);
    if (one == null) {
      throw new AssertionError("Expected a report within 10 s");
    }
    return one;
  }

  private final class Scripted implements AttemptRuntime {
    @Override
    public String name() {
      return "scripted";
    }

    @Override
    public Outcome run(Attempt attempt, OutputSink output, StopSignal stop)
        throws InterruptedException {
      if (attempt.id().jobId().value().equals("broken")) {
        throw new IllegalStateException("broken on purpose");
      }
      reported.add("run " + attempt.id().jobId());
      return end(attempt, stop);
    }

    private Outcome end(Attempt attempt, StopSignal stop) throws InterruptedException {
      stop.onRequest(finish::countDown);
      finish.await();
      if (stop.isRequested()) {
        reported.add("stopped " + attempt.id().jobId());
        return new Outcome.Stopped();
      }
      return new Outcome.Succeeded(RawJson.NULL);
    }

    @Override
    public Left reap() {
      return left;
    }

    @Override
    public Outcome resume(Attempt attempt, OutputSink output, StopSignal stop)
        throws InterruptedException {
      reported.add("resume " + attempt.id().jobId());
      return end(attempt, stop);
    }

    @Override
    public void discard(AttemptId id) {
      reported.add("discard " + id.jobId());
    }

    @Override
    public Health health() {
      return isHealthy ? Health.ready("scripted", "fine") : Health.notReady("scripted", "ill");
    }
  }

  private final class Recorded implements Reports {
    @Override
    public void complete(AttemptId id, RawJson output) {
      reported.add("complete " + id.jobId());
    }

    @Override
    public void fail(AttemptId id, String error) {
      reported.add("fail %s: %s".formatted(id.jobId(), error));
    }

    @Override
    public void release(AttemptId id, String reason) {
      reported.add("release %s: %s".formatted(id.jobId(), reason));
    }

    @Override
    public void lost(AttemptId id, String reason) {
      reported.add("lost %s: %s".formatted(id.jobId(), reason));
    }

    @Override
    public void renew(AttemptId id, Runnable renewed) {
      reported.add("renew %s".formatted(id.jobId()));
      if (isKafkaUp) {
        renewed.run();
      }
    }

    @Override
    public void startAgain(AttemptId id) {
      reported.add("start " + id.jobId());
    }

    @Override
    public OutputSink output(AttemptId id) {
      return (_, _) -> {};
    }
  }
}
