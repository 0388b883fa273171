package io.tallyman.chaos.history;

import java.util.List;

/**
 * What a run was: written last, so a history without it is of a run that was cut short.
 *
 * @param seed that the schedule of faults and the load were made from
 * @param profile {@code smoke}, {@code full} or {@code soak}
 * @param startedAt first call of the load
 * @param healedAt when the last fault had ended and all processes were up again
 * @param loadEndedAt when the load made its last call
 * @param endedAt when the run stopped waiting for jobs and dumped the log
 * @param leaseMillis {@code TALLY_LEASE}
 * @param maxAttempts {@code TALLY_MAX_ATTEMPTS}
 * @param webhookAttempts requests per event, of the endpoint in use
 * @param webhookDelayMillis from a failed request to the next, of the endpoint in use
 * @param webhookSecret {@code whsec_…} that the receiver verifies with
 * @param canaries texts that are secret, such as API keys: they must be in no topic, log or answer
 * @param leftContainers names of containers or processes of jobs that were there when all was over
 * @param leaks {@code file or topic: canary} for each canary found where it must not be, by the
 *     harness, in the outputs of the processes
 */
public record Run(
    long seed,
    String profile,
    long startedAt,
    long healedAt,
    long loadEndedAt,
    long endedAt,
    long leaseMillis,
    int maxAttempts,
    int webhookAttempts,
    long webhookDelayMillis,
    String webhookSecret,
    List<String> canaries,
    List<String> leftContainers,
    List<String> leaks) {}
