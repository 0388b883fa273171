package io.tallyman.runner.files;

import io.tallyman.runner.attempt.FailureCode;
import io.tallyman.runner.attempt.Outcome.Failed;

/** Failures that every runtime words alike. */
public final class Failures {

  private Failures() {}

  /** The command ended badly; the end of its standard error says why. */
  public static Failed exitCode(long exitCode, OutputLog log) {
    var tail = log.stderrTail();
    return new Failed(
        FailureCode.EXIT_CODE,
        tail.isEmpty()
            ? "Expected exit code 0, but got %d and nothing on standard error".formatted(exitCode)
            : "Expected exit code 0, but got %d; standard error ends with: %s"
                .formatted(exitCode, tail));
  }
}
