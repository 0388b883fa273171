package io.tallyman.runner.attempt;

import io.tallyman.schemas.job.RawJson;

/** What came of running an attempt. A value, never an exception. */
public sealed interface Outcome {

  /** Ended well. {@code output} is its result, {@link RawJson#NULL} when it left none. */
  record Succeeded(RawJson output) implements Outcome {}

  /** Ended badly. {@code detail} is one sentence, and may carry the tail of standard error. */
  record Failed(FailureCode code, String detail) implements Outcome {

    /** As jobs show it: {@code exit_code: …}. */
    public String error() {
      return code.wireName() + ": " + detail;
    }
  }

  /** Ended because its {@link StopSignal} was given. Nothing of it runs any more. */
  record Stopped() implements Outcome {}
}
