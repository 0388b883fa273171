package io.tallyman.runner.files;

import io.tallyman.runner.attempt.FailureCode;
import io.tallyman.runner.attempt.Outcome.Failed;

/** Failures that every runtime words alike. */
public final class Failures {

  /** Above it, and up to {@link #LAST_SIGNAL} more, an exit code names what killed the command. */
  private static final int SIGNALS = 128;

  private static final int LAST_SIGNAL = 64;

  private Failures() {}

  /** The command ended badly; the end of its standard error says why. */
  public static Failed exitCode(int exitCode, OutputLog log) {
    var tail = log.stderrTail();
    return new Failed(
        FailureCode.EXIT_CODE,
        tail.isEmpty()
            ? "Expected exit code 0, but got %s and nothing on standard error"
                .formatted(explained(exitCode))
            : "Expected exit code 0, but got %s; standard error ends with: %s"
                .formatted(explained(exitCode), tail));
  }

  private static String explained(int exitCode) {
    return exitCode > SIGNALS && exitCode <= SIGNALS + LAST_SIGNAL
        ? "%d (killed by signal %d, and not by its runner)".formatted(exitCode, exitCode - SIGNALS)
        : Integer.toString(exitCode);
  }
}
