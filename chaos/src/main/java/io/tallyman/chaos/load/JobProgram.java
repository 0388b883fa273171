package io.tallyman.chaos.load;

import java.net.URI;
import java.util.OptionalInt;

/**
 * One job, and what its client does with it.
 *
 * @param seed 16 hex digits, no two jobs' the same; the output proves who made it
 * @param program what the command does, see {@link JobPrograms}
 * @param sleepMillis how long it takes over it
 * @param padding what makes the input large
 * @param executionTimeoutMillis of its policy
 * @param ttlMillis of its policy
 * @param isLowPriority of its policy
 * @param webhookPath how the receiver takes its webhooks, see {@code Receiver}
 * @param submission how it is submitted
 * @param isCancelled whether its client cancels it, sooner or later
 */
record JobProgram(
    String seed,
    String program,
    int sleepMillis,
    String padding,
    OptionalInt executionTimeoutMillis,
    OptionalInt ttlMillis,
    boolean isLowPriority,
    String webhookPath,
    Submission submission,
    boolean isCancelled) {

  /** How a client submits. */
  enum Submission {
    /** Once, without a key; what became of it is unknown after a loss. */
    PLAIN,
    /** With a key; repeated with the same until it is known what became of it. */
    KEYED,
    /** With a key, twice at the same time, to two apis where there are two. */
    DOUBLE,
    /** With a key, and once more with the same when it was accepted. */
    REPEATED
  }

  /** The {@code Idempotency-Key}, where the submission has one. */
  String key() {
    return "key-" + seed;
  }

  /** The body of {@code run}: the same whenever it is asked for. */
  String body(URI receiver) {
    var policy = new StringBuilder("\"lowPriority\":").append(isLowPriority);
    executionTimeoutMillis.ifPresent(
        millis -> policy.append(",\"executionTimeout\":").append(millis));
    ttlMillis.ifPresent(millis -> policy.append(",\"ttl\":").append(millis));
    return """
    {"input":{"seed":"%s","program":"%s","sleepMillis":%d,"padding":"%s"},\
    "policy":{%s},"webhook":"%s"}\
    """
        .formatted(seed, program, sleepMillis, padding, policy, receiver.resolve(webhookPath));
  }
}
