package io.tallyman.runner.attempt;

import java.util.Locale;

/** Why an attempt failed. The lower-case names are the wire names: {@code exit_code: …}. */
public enum FailureCode {
  /** The engine does not have the image, and the registry does not know it. */
  IMAGE_MISSING,
  /** The engine does not have the image, and could not get it. */
  IMAGE_PULL_FAILED,
  /** The kernel killed it for using more memory than the endpoint's limit. */
  OUT_OF_MEMORY,
  /** It ended with an exit code other than 0. */
  EXIT_CODE,
  /** Its result is larger than the endpoint's limit. */
  OUTPUT_TOO_LARGE,
  /** Its {@code output.json} is not one JSON value. */
  OUTPUT_INVALID,
  /** The Docker engine did not answer, or refused. */
  ENGINE_UNAVAILABLE,
  /** A file of {@code download_urls} could not be fetched. */
  DOWNLOAD_FAILED,
  /** A file of {@code upload_urls} was not produced, or could not be sent. */
  UPLOAD_FAILED,
  /** The endpoint's command is not in the image, or not on the host. */
  COMMAND_NOT_FOUND,
  /** The runner itself failed; its log says why. */
  RUNNER_ERROR;

  /** The stable name on the wire, such as {@code exit_code}. */
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }
}
