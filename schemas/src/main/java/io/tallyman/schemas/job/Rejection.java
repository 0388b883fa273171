package io.tallyman.schemas.job;

import java.time.Instant;

/**
 * A command that was refused: the value of a record on {@code job-rejections}. Never silent, never
 * an exception.
 *
 * @param jobId the job meant; also the record's key
 * @param commandId {@code ce_id} of the refused command, for whoever waits for its answer
 * @param commandType wire name of the refused command, such as {@code
 *     io.tallyman.command.cancel.v1}
 * @param code stable, for programs
 * @param detail one sentence, for people: {@code Expected to cancel job 'x', but it is COMPLETED}
 * @param time when it was decided, by the broker's clock
 */
public record Rejection(
    JobId jobId, String commandId, String commandType, Code code, String detail, Instant time) {

  /** Why a command was refused. The names are the wire names; {@code docs/errors.md} has each. */
  public enum Code {
    /** The same request was already accepted under this id: an idempotent repeat. */
    ALREADY_EXISTS,
    /** Another request was already accepted under this id. */
    ID_TAKEN,
    /** No endpoint of that name is served. */
    UNKNOWN_ENDPOINT,
    /** The job is unknown, or ended so long ago that it was forgotten. */
    NOT_FOUND,
    /** The job's state does not allow the command. */
    INVALID_STATE,
    /** The command names an attempt that is no longer, or not yet, the current one. */
    STALE_ATTEMPT
  }
}
