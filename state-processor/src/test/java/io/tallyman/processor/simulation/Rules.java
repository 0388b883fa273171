package io.tallyman.processor.simulation;

import io.tallyman.processor.domain.Decision;
import io.tallyman.processor.domain.JobDecider;
import io.tallyman.processor.domain.JobState;
import io.tallyman.schemas.job.JobCommand;
import java.time.Instant;

/** Who decides: the real decider, or one with a bug planted before it. */
@FunctionalInterface
interface Rules {

  Decision decide(JobDecider decider, JobState state, JobCommand command, Instant at);

  /** What is shipped. */
  static Rules real() {
    return JobDecider::decide;
  }
}
