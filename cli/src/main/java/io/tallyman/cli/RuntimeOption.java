package io.tallyman.cli;

import picocli.CommandLine.Option;

/** The option {@code --runtime}, shared by the commands that run everything in one process. */
final class RuntimeOption {

  /** What runs attempts. */
  enum Kind {
    /** Docker when an engine answers and has, or can get, the images; else processes. */
    auto,
    /** Containers. */
    docker,
    /** Processes of this machine, without isolation. */
    process
  }

  @Option(
      names = "--runtime",
      defaultValue = "${env:TALLY_RUNNER_RUNTIME:-auto}",
      description =
          "What runs the jobs: ${COMPLETION-CANDIDATES} (default: TALLY_RUNNER_RUNTIME, or auto).")
  Kind kind = Kind.auto;

  /** The setting of the runner. */
  String setting() {
    return kind.name();
  }
}
