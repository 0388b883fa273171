package io.tallyman.cli;

import io.tallyman.runner.attempt.Attempt;
import io.tallyman.runner.attempt.AttemptRuntime;
import io.tallyman.runner.attempt.Outcome;
import io.tallyman.runner.attempt.OutputSink;
import io.tallyman.runner.attempt.StopSignal;
import io.tallyman.runtime.Service.Health;
import io.tallyman.schemas.job.RawJson;

/** Succeeds at once and runs nothing: what is left to measure is Tallyman itself. */
final class NoRuntime implements AttemptRuntime {

  private static final RawJson OUTPUT = RawJson.of("{}");

  @Override
  public String name() {
    return "noop";
  }

  @Override
  public Outcome run(Attempt attempt, OutputSink output, StopSignal stop) {
    return new Outcome.Succeeded(OUTPUT);
  }

  @Override
  public Health health() {
    return Health.ready("runtime", "runs nothing");
  }
}
