package io.tallyman.api.views;

import java.util.Locale;

/**
 * Something this service needs does not answer now. The request may be repeated; the text says what
 * is known of its effect.
 */
public final class Unavailable extends Exception {

  private static final long serialVersionUID = 1L;

  private final Reason reason;
  private final String detail;

  /** Why, in one sentence for the caller. */
  public Unavailable(Reason reason, String detail) {
    super(detail);
    this.reason = reason;
    this.detail = detail;
  }

  /** Why, in one sentence for the caller. */
  public String detail() {
    return detail;
  }

  /** What does not answer. */
  public Reason reason() {
    return reason;
  }

  /** What does not answer. {@link #code()} is the stable code of the problem document. */
  public enum Reason {
    /** Kafka did not take a command, or does not serve the log. */
    EVENT_LOG_UNAVAILABLE,
    /** What tells of all jobs has not been read: the log to its end, or Redis beside it. */
    CATCHING_UP,
    /** The command is durable, but the state-processor has not answered it in time. */
    PROCESSOR_SILENT,
    /** Too many requests are held at once. */
    BUSY,
    /** This process stops. */
    STOPPING;

    /** Such as {@code event-log-unavailable}. */
    public String code() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }
}
