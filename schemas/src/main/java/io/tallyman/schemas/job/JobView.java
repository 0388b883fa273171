package io.tallyman.schemas.job;

import io.tallyman.schemas.job.JobEvent.JobCancelled;
import io.tallyman.schemas.job.JobEvent.JobCompleted;
import io.tallyman.schemas.job.JobEvent.JobFailed;
import io.tallyman.schemas.job.JobEvent.JobQueued;
import io.tallyman.schemas.job.JobEvent.JobRequeued;
import io.tallyman.schemas.job.JobEvent.JobStarted;
import io.tallyman.schemas.job.JobEvent.JobTimedOut;
import io.tallyman.schemas.job.JobEvent.Run;
import java.time.Duration;
import java.util.Optional;

/**
 * RunPod's status document. A fold of a job's events; because every event carries the whole fact,
 * the fold is the newest event, and a reader that sees only that one sees it all.
 *
 * <p>On the wire: {@code id}, {@code status} always; {@code delayTime} (ms) and {@code workerId}
 * from pick-up on; {@code executionTime} (ms) when ended; {@code output} when COMPLETED; {@code
 * error} when FAILED or TIMED_OUT; {@code retries} from the second attempt on. A terminal document
 * has all of {@code id, status, delayTime, executionTime, workerId}: clients parse it strictly
 * (zeros and an empty worker when it never started).
 */
public record JobView(
    JobId id,
    JobStatus status,
    Optional<Duration> delayTime,
    Optional<Duration> executionTime,
    Optional<RawJson> output,
    Optional<String> error,
    Optional<String> workerId,
    Optional<Integer> retries) {

  /** The document of a job that was accepted and has no event yet. */
  public static JobView accepted(JobId id) {
    return new JobView(
        id,
        JobStatus.IN_QUEUE,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  /** The document from this event on. */
  public static JobView of(JobEvent event) {
    return switch (event) {
      case JobQueued _, JobRequeued _ ->
          view(event, Optional.empty(), false, Optional.empty(), Optional.empty());
      case JobStarted(_, var runner, var delayTime, _) ->
          view(
              event,
              Optional.of(new Run(runner, delayTime, Duration.ZERO)),
              false,
              Optional.empty(),
              Optional.empty());
      case JobCompleted(_, var run, var output) ->
          view(event, Optional.of(run), true, Optional.of(output), Optional.empty());
      case JobFailed(_, var run, var error) ->
          view(event, Optional.of(run), true, Optional.empty(), Optional.of(error));
      case JobCancelled(_, var run) -> view(event, run, true, Optional.empty(), Optional.empty());
      case JobTimedOut(_, var run, var error) ->
          view(event, run, true, Optional.empty(), Optional.of(error));
    };
  }

  private static JobView view(
      JobEvent event,
      Optional<Run> run,
      boolean ended,
      Optional<RawJson> output,
      Optional<String> error) {
    var zeroWhenEnded = ended ? Optional.of(Duration.ZERO) : Optional.<Duration>empty();
    return new JobView(
        event.meta().jobId(),
        event.status(),
        run.map(Run::delayTime).or(() -> zeroWhenEnded),
        ended ? run.map(Run::executionTime).or(() -> zeroWhenEnded) : Optional.empty(),
        output,
        error,
        run.map(it -> it.runner().value()).or(() -> zeroWhenEnded.map(_ -> "")),
        Optional.of(event.meta().attempt() - 1).filter(retries -> retries > 0));
  }
}
