package io.tallyman.processor.domain;

import java.util.Arrays;
import java.util.List;

/**
 * The transition table: every state with every command. {@code docs/job-lifecycle.md} shows the
 * same lines, which a test compares.
 *
 * <p>An answer is an event, or the code of a refusal, or {@code nothing}: accepted, and already so.
 * <i>Current attempt</i> comes from {@code runner-1}, which started it if anybody did; <i>other
 * attempt</i> too, with a number that is over or not yet there; <i>other runner</i> names the
 * current attempt.
 */
final class Transitions {

  static final String TABLE =
      """
      | State               | Command                   | State after | Answer           |
      |---------------------|---------------------------|-------------|------------------|
      | (absent)            | Submit, same request      | IN_QUEUE    | JobQueued        |
      | (absent)            | Submit, other request     | IN_QUEUE    | JobQueued        |
      | (absent)            | Submit, unknown endpoint  | (absent)    | UNKNOWN_ENDPOINT |
      | (absent)            | Start, current attempt    | (absent)    | NOT_FOUND        |
      | (absent)            | Start, other attempt      | (absent)    | NOT_FOUND        |
      | (absent)            | Start, other runner       | (absent)    | NOT_FOUND        |
      | (absent)            | Start, after ttl          | (absent)    | NOT_FOUND        |
      | (absent)            | Complete, current attempt | (absent)    | NOT_FOUND        |
      | (absent)            | Complete, other attempt   | (absent)    | NOT_FOUND        |
      | (absent)            | Complete, other runner    | (absent)    | NOT_FOUND        |
      | (absent)            | Fail, current attempt     | (absent)    | NOT_FOUND        |
      | (absent)            | Fail, other attempt       | (absent)    | NOT_FOUND        |
      | (absent)            | Fail, other runner        | (absent)    | NOT_FOUND        |
      | (absent)            | Release, current attempt  | (absent)    | NOT_FOUND        |
      | (absent)            | Release, other attempt    | (absent)    | NOT_FOUND        |
      | (absent)            | Release, other runner     | (absent)    | NOT_FOUND        |
      | (absent)            | Renew, current attempt  | (absent)    | NOT_FOUND        |
      | (absent)            | Renew, other attempt      | (absent)    | NOT_FOUND        |
      | (absent)            | Renew, other runner       | (absent)    | NOT_FOUND        |
      | (absent)            | Cancel                    | (absent)    | NOT_FOUND        |
      | (absent)            | Retry                     | (absent)    | NOT_FOUND        |
      | (absent)            | Expire, too early         | (absent)    | NOT_FOUND        |
      | (absent)            | Expire, due               | (absent)    | NOT_FOUND        |
      | IN_QUEUE, attempt 1 | Submit, same request      | IN_QUEUE    | ALREADY_EXISTS   |
      | IN_QUEUE, attempt 1 | Submit, other request     | IN_QUEUE    | ID_TAKEN         |
      | IN_QUEUE, attempt 1 | Submit, unknown endpoint  | IN_QUEUE    | ID_TAKEN         |
      | IN_QUEUE, attempt 1 | Start, current attempt    | IN_PROGRESS | JobStarted       |
      | IN_QUEUE, attempt 1 | Start, other attempt      | IN_QUEUE    | STALE_ATTEMPT    |
      | IN_QUEUE, attempt 1 | Start, other runner       | IN_PROGRESS | JobStarted       |
      | IN_QUEUE, attempt 1 | Start, after ttl          | TIMED_OUT   | JobTimedOut      |
      | IN_QUEUE, attempt 1 | Complete, current attempt | IN_QUEUE    | INVALID_STATE    |
      | IN_QUEUE, attempt 1 | Complete, other attempt   | IN_QUEUE    | STALE_ATTEMPT    |
      | IN_QUEUE, attempt 1 | Complete, other runner    | IN_QUEUE    | INVALID_STATE    |
      | IN_QUEUE, attempt 1 | Fail, current attempt     | IN_QUEUE    | INVALID_STATE    |
      | IN_QUEUE, attempt 1 | Fail, other attempt       | IN_QUEUE    | STALE_ATTEMPT    |
      | IN_QUEUE, attempt 1 | Fail, other runner        | IN_QUEUE    | INVALID_STATE    |
      | IN_QUEUE, attempt 1 | Release, current attempt  | IN_QUEUE    | INVALID_STATE    |
      | IN_QUEUE, attempt 1 | Release, other attempt    | IN_QUEUE    | STALE_ATTEMPT    |
      | IN_QUEUE, attempt 1 | Release, other runner     | IN_QUEUE    | INVALID_STATE    |
      | IN_QUEUE, attempt 1 | Renew, current attempt  | IN_QUEUE    | INVALID_STATE    |
      | IN_QUEUE, attempt 1 | Renew, other attempt      | IN_QUEUE    | STALE_ATTEMPT    |
      | IN_QUEUE, attempt 1 | Renew, other runner       | IN_QUEUE    | INVALID_STATE    |
      | IN_QUEUE, attempt 1 | Cancel                    | CANCELLED   | JobCancelled     |
      | IN_QUEUE, attempt 1 | Retry                     | IN_QUEUE    | INVALID_STATE    |
      | IN_QUEUE, attempt 1 | Expire, too early         | IN_QUEUE    | nothing          |
      | IN_QUEUE, attempt 1 | Expire, due               | TIMED_OUT   | JobTimedOut      |
      | IN_QUEUE, attempt 2 | Submit, same request      | IN_QUEUE    | ALREADY_EXISTS   |
      | IN_QUEUE, attempt 2 | Submit, other request     | IN_QUEUE    | ID_TAKEN         |
      | IN_QUEUE, attempt 2 | Submit, unknown endpoint  | IN_QUEUE    | ID_TAKEN         |
      | IN_QUEUE, attempt 2 | Start, current attempt    | IN_PROGRESS | JobStarted       |
      | IN_QUEUE, attempt 2 | Start, other attempt      | IN_QUEUE    | STALE_ATTEMPT    |
      | IN_QUEUE, attempt 2 | Start, other runner       | IN_PROGRESS | JobStarted       |
      | IN_QUEUE, attempt 2 | Start, after ttl          | TIMED_OUT   | JobTimedOut      |
      | IN_QUEUE, attempt 2 | Complete, current attempt | IN_QUEUE    | INVALID_STATE    |
      | IN_QUEUE, attempt 2 | Complete, other attempt   | IN_QUEUE    | STALE_ATTEMPT    |
      | IN_QUEUE, attempt 2 | Complete, other runner    | IN_QUEUE    | INVALID_STATE    |
      | IN_QUEUE, attempt 2 | Fail, current attempt     | IN_QUEUE    | INVALID_STATE    |
      | IN_QUEUE, attempt 2 | Fail, other attempt       | IN_QUEUE    | STALE_ATTEMPT    |
      | IN_QUEUE, attempt 2 | Fail, other runner        | IN_QUEUE    | INVALID_STATE    |
      | IN_QUEUE, attempt 2 | Release, current attempt  | IN_QUEUE    | INVALID_STATE    |
      | IN_QUEUE, attempt 2 | Release, other attempt    | IN_QUEUE    | STALE_ATTEMPT    |
      | IN_QUEUE, attempt 2 | Release, other runner     | IN_QUEUE    | INVALID_STATE    |
      | IN_QUEUE, attempt 2 | Renew, current attempt  | IN_QUEUE    | INVALID_STATE    |
      | IN_QUEUE, attempt 2 | Renew, other attempt      | IN_QUEUE    | STALE_ATTEMPT    |
      | IN_QUEUE, attempt 2 | Renew, other runner       | IN_QUEUE    | INVALID_STATE    |
      | IN_QUEUE, attempt 2 | Cancel                    | CANCELLED   | JobCancelled     |
      | IN_QUEUE, attempt 2 | Retry                     | IN_QUEUE    | INVALID_STATE    |
      | IN_QUEUE, attempt 2 | Expire, too early         | IN_QUEUE    | nothing          |
      | IN_QUEUE, attempt 2 | Expire, due               | TIMED_OUT   | JobTimedOut      |
      | IN_PROGRESS         | Submit, same request      | IN_PROGRESS | ALREADY_EXISTS   |
      | IN_PROGRESS         | Submit, other request     | IN_PROGRESS | ID_TAKEN         |
      | IN_PROGRESS         | Submit, unknown endpoint  | IN_PROGRESS | ID_TAKEN         |
      | IN_PROGRESS         | Start, current attempt    | IN_PROGRESS | nothing          |
      | IN_PROGRESS         | Start, other attempt      | IN_PROGRESS | STALE_ATTEMPT    |
      | IN_PROGRESS         | Start, other runner       | IN_PROGRESS | INVALID_STATE    |
      | IN_PROGRESS         | Start, after ttl          | IN_PROGRESS | nothing          |
      | IN_PROGRESS         | Complete, current attempt | COMPLETED   | JobCompleted     |
      | IN_PROGRESS         | Complete, other attempt   | IN_PROGRESS | STALE_ATTEMPT    |
      | IN_PROGRESS         | Complete, other runner    | IN_PROGRESS | INVALID_STATE    |
      | IN_PROGRESS         | Fail, current attempt     | FAILED      | JobFailed        |
      | IN_PROGRESS         | Fail, other attempt       | IN_PROGRESS | STALE_ATTEMPT    |
      | IN_PROGRESS         | Fail, other runner        | IN_PROGRESS | INVALID_STATE    |
      | IN_PROGRESS         | Release, current attempt  | IN_QUEUE    | JobRequeued      |
      | IN_PROGRESS         | Release, other attempt    | IN_PROGRESS | STALE_ATTEMPT    |
      | IN_PROGRESS         | Release, other runner     | IN_PROGRESS | INVALID_STATE    |
      | IN_PROGRESS         | Renew, current attempt  | IN_PROGRESS | nothing          |
      | IN_PROGRESS         | Renew, other attempt      | IN_PROGRESS | STALE_ATTEMPT    |
      | IN_PROGRESS         | Renew, other runner       | IN_PROGRESS | INVALID_STATE    |
      | IN_PROGRESS         | Cancel                    | CANCELLED   | JobCancelled     |
      | IN_PROGRESS         | Retry                     | IN_PROGRESS | INVALID_STATE    |
      | IN_PROGRESS         | Expire, too early         | IN_PROGRESS | nothing          |
      | IN_PROGRESS         | Expire, due               | TIMED_OUT   | JobTimedOut      |
      | FAILED              | Submit, same request      | FAILED      | ALREADY_EXISTS   |
      | FAILED              | Submit, other request     | FAILED      | ID_TAKEN         |
      | FAILED              | Submit, unknown endpoint  | FAILED      | ID_TAKEN         |
      | FAILED              | Start, current attempt    | FAILED      | INVALID_STATE    |
      | FAILED              | Start, other attempt      | FAILED      | INVALID_STATE    |
      | FAILED              | Start, other runner       | FAILED      | INVALID_STATE    |
      | FAILED              | Start, after ttl          | FAILED      | INVALID_STATE    |
      | FAILED              | Complete, current attempt | FAILED      | INVALID_STATE    |
      | FAILED              | Complete, other attempt   | FAILED      | INVALID_STATE    |
      | FAILED              | Complete, other runner    | FAILED      | INVALID_STATE    |
      | FAILED              | Fail, current attempt     | FAILED      | INVALID_STATE    |
      | FAILED              | Fail, other attempt       | FAILED      | INVALID_STATE    |
      | FAILED              | Fail, other runner        | FAILED      | INVALID_STATE    |
      | FAILED              | Release, current attempt  | FAILED      | INVALID_STATE    |
      | FAILED              | Release, other attempt    | FAILED      | INVALID_STATE    |
      | FAILED              | Release, other runner     | FAILED      | INVALID_STATE    |
      | FAILED              | Renew, current attempt  | FAILED      | INVALID_STATE    |
      | FAILED              | Renew, other attempt      | FAILED      | INVALID_STATE    |
      | FAILED              | Renew, other runner       | FAILED      | INVALID_STATE    |
      | FAILED              | Cancel                    | FAILED      | INVALID_STATE    |
      | FAILED              | Retry                     | IN_QUEUE    | JobRequeued      |
      | FAILED              | Expire, too early         | FAILED      | nothing          |
      | FAILED              | Expire, due               | FAILED      | nothing          |
      | TIMED_OUT           | Submit, same request      | TIMED_OUT   | ALREADY_EXISTS   |
      | TIMED_OUT           | Submit, other request     | TIMED_OUT   | ID_TAKEN         |
      | TIMED_OUT           | Submit, unknown endpoint  | TIMED_OUT   | ID_TAKEN         |
      | TIMED_OUT           | Start, current attempt    | TIMED_OUT   | INVALID_STATE    |
      | TIMED_OUT           | Start, other attempt      | TIMED_OUT   | INVALID_STATE    |
      | TIMED_OUT           | Start, other runner       | TIMED_OUT   | INVALID_STATE    |
      | TIMED_OUT           | Start, after ttl          | TIMED_OUT   | INVALID_STATE    |
      | TIMED_OUT           | Complete, current attempt | TIMED_OUT   | INVALID_STATE    |
      | TIMED_OUT           | Complete, other attempt   | TIMED_OUT   | INVALID_STATE    |
      | TIMED_OUT           | Complete, other runner    | TIMED_OUT   | INVALID_STATE    |
      | TIMED_OUT           | Fail, current attempt     | TIMED_OUT   | INVALID_STATE    |
      | TIMED_OUT           | Fail, other attempt       | TIMED_OUT   | INVALID_STATE    |
      | TIMED_OUT           | Fail, other runner        | TIMED_OUT   | INVALID_STATE    |
      | TIMED_OUT           | Release, current attempt  | TIMED_OUT   | INVALID_STATE    |
      | TIMED_OUT           | Release, other attempt    | TIMED_OUT   | INVALID_STATE    |
      | TIMED_OUT           | Release, other runner     | TIMED_OUT   | INVALID_STATE    |
      | TIMED_OUT           | Renew, current attempt  | TIMED_OUT   | INVALID_STATE    |
      | TIMED_OUT           | Renew, other attempt      | TIMED_OUT   | INVALID_STATE    |
      | TIMED_OUT           | Renew, other runner       | TIMED_OUT   | INVALID_STATE    |
      | TIMED_OUT           | Cancel                    | TIMED_OUT   | INVALID_STATE    |
      | TIMED_OUT           | Retry                     | IN_QUEUE    | JobRequeued      |
      | TIMED_OUT           | Expire, too early         | TIMED_OUT   | nothing          |
      | TIMED_OUT           | Expire, due               | TIMED_OUT   | nothing          |
      | COMPLETED           | Submit, same request      | COMPLETED   | ALREADY_EXISTS   |
      | COMPLETED           | Submit, other request     | COMPLETED   | ID_TAKEN         |
      | COMPLETED           | Submit, unknown endpoint  | COMPLETED   | ID_TAKEN         |
      | COMPLETED           | Start, current attempt    | COMPLETED   | INVALID_STATE    |
      | COMPLETED           | Start, other attempt      | COMPLETED   | INVALID_STATE    |
      | COMPLETED           | Start, other runner       | COMPLETED   | INVALID_STATE    |
      | COMPLETED           | Start, after ttl          | COMPLETED   | INVALID_STATE    |
      | COMPLETED           | Complete, current attempt | COMPLETED   | INVALID_STATE    |
      | COMPLETED           | Complete, other attempt   | COMPLETED   | INVALID_STATE    |
      | COMPLETED           | Complete, other runner    | COMPLETED   | INVALID_STATE    |
      | COMPLETED           | Fail, current attempt     | COMPLETED   | INVALID_STATE    |
      | COMPLETED           | Fail, other attempt       | COMPLETED   | INVALID_STATE    |
      | COMPLETED           | Fail, other runner        | COMPLETED   | INVALID_STATE    |
      | COMPLETED           | Release, current attempt  | COMPLETED   | INVALID_STATE    |
      | COMPLETED           | Release, other attempt    | COMPLETED   | INVALID_STATE    |
      | COMPLETED           | Release, other runner     | COMPLETED   | INVALID_STATE    |
      | COMPLETED           | Renew, current attempt  | COMPLETED   | INVALID_STATE    |
      | COMPLETED           | Renew, other attempt      | COMPLETED   | INVALID_STATE    |
      | COMPLETED           | Renew, other runner       | COMPLETED   | INVALID_STATE    |
      | COMPLETED           | Cancel                    | COMPLETED   | INVALID_STATE    |
      | COMPLETED           | Retry                     | COMPLETED   | INVALID_STATE    |
      | COMPLETED           | Expire, too early         | COMPLETED   | nothing          |
      | COMPLETED           | Expire, due               | COMPLETED   | nothing          |
      | CANCELLED           | Submit, same request      | CANCELLED   | ALREADY_EXISTS   |
      | CANCELLED           | Submit, other request     | CANCELLED   | ID_TAKEN         |
      | CANCELLED           | Submit, unknown endpoint  | CANCELLED   | ID_TAKEN         |
      | CANCELLED           | Start, current attempt    | CANCELLED   | INVALID_STATE    |
      | CANCELLED           | Start, other attempt      | CANCELLED   | INVALID_STATE    |
      | CANCELLED           | Start, other runner       | CANCELLED   | INVALID_STATE    |
      | CANCELLED           | Start, after ttl          | CANCELLED   | INVALID_STATE    |
      | CANCELLED           | Complete, current attempt | CANCELLED   | INVALID_STATE    |
      | CANCELLED           | Complete, other attempt   | CANCELLED   | INVALID_STATE    |
      | CANCELLED           | Complete, other runner    | CANCELLED   | INVALID_STATE    |
      | CANCELLED           | Fail, current attempt     | CANCELLED   | INVALID_STATE    |
      | CANCELLED           | Fail, other attempt       | CANCELLED   | INVALID_STATE    |
      | CANCELLED           | Fail, other runner        | CANCELLED   | INVALID_STATE    |
      | CANCELLED           | Release, current attempt  | CANCELLED   | INVALID_STATE    |
      | CANCELLED           | Release, other attempt    | CANCELLED   | INVALID_STATE    |
      | CANCELLED           | Release, other runner     | CANCELLED   | INVALID_STATE    |
      | CANCELLED           | Renew, current attempt  | CANCELLED   | INVALID_STATE    |
      | CANCELLED           | Renew, other attempt      | CANCELLED   | INVALID_STATE    |
      | CANCELLED           | Renew, other runner       | CANCELLED   | INVALID_STATE    |
      | CANCELLED           | Cancel                    | CANCELLED   | INVALID_STATE    |
      | CANCELLED           | Retry                     | CANCELLED   | INVALID_STATE    |
      | CANCELLED           | Expire, too early         | CANCELLED   | nothing          |
      | CANCELLED           | Expire, due               | CANCELLED   | nothing          |
      """;

  private Transitions() {}

  /** One row. */
  record Row(String state, String command, String after, String answer) {}

  static List<Row> rows() {
    return TABLE
        .lines()
        .skip(2)
        .map(line -> Arrays.stream(line.split("\\|", -1)).map(String::strip).toList())
        .map(cells -> new Row(cells.get(1), cells.get(2), cells.get(3), cells.get(4)))
        .toList();
  }
}
