package io.tallyman.chaos.history;

import org.jspecify.annotations.Nullable;

/**
 * One call to the API, from before it was sent to its end.
 *
 * @param calledAt just before the request
 * @param endedAt just after the answer, or the loss of the connection, or the patience ran out
 * @param client name of the thread of control; one client makes one call at a time
 * @param operation {@code run}, {@code status}, {@code cancel}, {@code history} or {@code health}
 * @param job id asked about, or the id answered to {@code run}; null when there is none
 * @param key the {@code Idempotency-Key}, or null
 * @param request body of the request, or empty
 * @param outcome what the client knows of the effect
 * @param status of the HTTP answer; 0 for none
 * @param response body of the answer, or the kind of the failure
 */
public record ClientCall(
    long calledAt,
    long endedAt,
    String client,
    String operation,
    @Nullable String job,
    @Nullable String key,
    String request,
    Outcome outcome,
    int status,
    String response) {

  /** Jepsen's three. */
  public enum Outcome {
    /** It happened: 2xx. */
    OK,
    /** It did not happen, and never will: a 4xx, or no connection was made. */
    FAIL,
    /** Nobody knows: a 5xx, a lost connection, a timeout. */
    INFO
  }
}
