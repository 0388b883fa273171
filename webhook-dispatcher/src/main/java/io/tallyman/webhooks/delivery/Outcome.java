package io.tallyman.webhooks.delivery;

import io.tallyman.runtime.endpoints.Endpoint.Success;
import java.util.Locale;
import java.util.Optional;

/**
 * What came of one request. Everything a receiver can do is a value; exceptions are left for our
 * own mistakes.
 *
 * @param kind the class of it
 * @param statusCode the HTTP status, when there was one
 * @param detail one sentence, or the first bytes of the answer; at most {@value #MAX_DETAIL}
 *     characters
 */
public record Outcome(Kind kind, Optional<Integer> statusCode, String detail) {

  /** Longest {@link #detail}: enough for an error message, little enough for a log of millions. */
  public static final int MAX_DETAIL = 1_024;

  /** The classes; their names in lower case are on the wire. */
  public enum Kind {
    /** Acknowledged. */
    DELIVERED,
    /** Answered with another status. */
    STATUS,
    /** Answered with a 3xx, which is never followed. */
    REDIRECT,
    /** No whole answer before the deadline. */
    TIMEOUT,
    /** No connection, or it broke. */
    CONNECT,
    /** The host has no address. */
    DNS,
    /** The certificate or the handshake was refused. */
    TLS,
    /** The answer is not HTTP. */
    PROTOCOL,
    /** The URL can never be asked. */
    INVALID_URL,
    /** The name leads to an address that may not be asked. */
    BLOCKED_ADDRESS,
    /** Our own mistake; the log has it. */
    INTERNAL,
    /** We stopped it: the service ends, or another instance goes on with this job. */
    INTERRUPTED;

    /** Its name on the wire. */
    public String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  public Outcome {
    detail = cut(detail);
  }

  /** An answer that was received, judged. */
  public static Outcome answered(int statusCode, Success success, String detail) {
    var acknowledged =
        switch (success) {
          case ONLY_200 -> statusCode == 200;
          case ANY_2XX -> statusCode >= 200 && statusCode < 300;
        };
    var kind =
        acknowledged
            ? Kind.DELIVERED
            : statusCode >= 300 && statusCode < 400 ? Kind.REDIRECT : Kind.STATUS;
    return new Outcome(kind, Optional.of(statusCode), detail);
  }

  /** No answer. */
  public static Outcome failed(Kind kind, String detail) {
    return new Outcome(kind, Optional.empty(), detail);
  }

  /** Whether the receiver has it. */
  public boolean isDelivered() {
    return kind == Kind.DELIVERED;
  }

  /** Whether asking again could change it. */
  public boolean isWorthRetrying() {
    return switch (kind) {
      case STATUS, REDIRECT, TIMEOUT, CONNECT, DNS, TLS, PROTOCOL, INTERNAL -> true;
      case DELIVERED, INVALID_URL, BLOCKED_ADDRESS, INTERRUPTED -> false;
    };
  }

  /** Never through the middle of a character outside the basic plane: half a one is not JSON. */
  private static String cut(String text) {
    if (text.length() <= MAX_DETAIL) {
      return text;
    }
    var end = Character.isHighSurrogate(text.charAt(MAX_DETAIL - 1)) ? MAX_DETAIL - 1 : MAX_DETAIL;
    return text.substring(0, end);
  }
}
