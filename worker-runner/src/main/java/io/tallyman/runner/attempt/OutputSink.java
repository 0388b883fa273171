package io.tallyman.runner.attempt;

import io.tallyman.schemas.job.JobOutput.Channel;

/** Takes what a running attempt says. Thread-safe. */
@FunctionalInterface
public interface OutputSink {

  /** One or more lines, at most {@link io.tallyman.schemas.job.JobOutput#MAX_TEXT} characters. */
  void accept(Channel channel, String text);
}
