package io.tallyman.chaos.history;

/**
 * A container of an attempt seen by the harness, from the engine's events or from a look at what
 * runs; with the process runtime, its process.
 *
 * @param at of the engine's event, or of the look
 * @param kind what was seen
 * @param id of the container, or of the process: one per creation
 * @param job it runs
 * @param attempt of the job
 * @param runner that created it, or empty when unknown
 */
public record ContainerSighting(
    long at, Kind kind, String id, String job, int attempt, String runner) {

  /** What was seen. */
  public enum Kind {
    /** It was started. */
    STARTED,
    /** It runs, at a look. */
    RUNNING,
    /** It ended. */
    ENDED
  }
}
