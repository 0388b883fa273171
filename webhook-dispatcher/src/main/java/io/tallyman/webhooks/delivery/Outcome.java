package io.tallyman.webhooks.delivery;

import io.tallyman.runtime.endpoints.Endpoint.Success;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * What came of one request. Everything a receiver can do is a value; exceptions are left for our
 * own mistakes.
 *
 * @param kind the class of it
 * @param statusCode the HTTP status, when there was one
 * @param detail one sentence, or the first bytes of the answer; at most {@value #MAX_DETAIL}
 *     characters
 * @param retryAfter the header {@code retry-after} as it came
 */
public record Outcome(
    Kind kind, Optional<Integer> statusCode, String detail, Optional<String> retryAfter) {

  /** Longest {@link #detail}: enough for an error message, little enough for a log of millions. */
  public static final int MAX_DETAIL = 1_024;

  private static final int HTTP_GONE = 410;

  /** With these a server, or the proxy before it, says that it cannot take more. */
  private static final Set<Integer> OVERLOAD = Set.of(429, 502, 503, 504);

  /** The classes; their names in lower case are on the wire. */
  public enum Kind {
    /** Acknowledged. */
    DELIVERED,
    /** Answered with another status. */
    STATUS,
    /** Answered 410, or did lately: it wants no more. */
    GONE,
    /**
     * Answered with an error and {@code webhook-delivery: abort-message}: it does not want this.
     */
    ABORTED,
    /** Was not asked, because it did not answer lately. */
    CIRCUIT_OPEN,
    /** Was never asked, because it takes less than it is sent. */
    EXPIRED,
    /** Not sent, because the endpoints file lacks the secret that the job names. */
    SECRET_MISSING,
    /** Passed over, because a newer state waits; not an attempt. */
    SUPERSEDED,
    /** Answered with a 3xx, which is never followed. */
    REDIRECT,
    /** No whole answer before the deadline. */
    TIMEOUT,
    /** No connection: nothing was sent. */
    CONNECT,
    /** The connection broke after the request had begun: the receiver may have it. */
    BROKEN,
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
            : statusCode == HTTP_GONE
                ? Kind.GONE
                : statusCode >= 300 && statusCode < 400 ? Kind.REDIRECT : Kind.STATUS;
    return new Outcome(kind, Optional.of(statusCode), detail, Optional.empty());
  }

  /** No answer. */
  public static Outcome failed(Kind kind, String detail) {
    return new Outcome(kind, Optional.empty(), detail, Optional.empty());
  }

  /** The same, from a receiver that does not want this message. */
  public Outcome aborted() {
    return isDelivered() ? this : new Outcome(Kind.ABORTED, statusCode, detail, Optional.empty());
  }

  /** The same, with a wish for the time of the next attempt. */
  public Outcome retryAfter(String header) {
    return new Outcome(kind, statusCode, detail, Optional.of(header));
  }

  /** Whether the receiver has it. */
  public boolean isDelivered() {
    return kind == Kind.DELIVERED;
  }

  /** Whether asking again could change it. */
  public boolean isWorthRetrying() {
    return switch (kind) {
      case STATUS,
          REDIRECT,
          TIMEOUT,
          CONNECT,
          BROKEN,
          DNS,
          TLS,
          PROTOCOL,
          CIRCUIT_OPEN,
          SECRET_MISSING,
          INTERNAL ->
          true;
      case DELIVERED,
          GONE,
          ABORTED,
          EXPIRED,
          SUPERSEDED,
          INVALID_URL,
          BLOCKED_ADDRESS,
          INTERRUPTED ->
          false;
    };
  }

  /** Whether its web server does its work, whatever it thinks of this message. */
  public boolean isAlive() {
    return switch (kind) {
      case TIMEOUT, CONNECT, BROKEN, DNS, TLS, PROTOCOL -> false;
      case STATUS -> !OVERLOAD.contains(statusCode.orElse(0));
      case DELIVERED,
          GONE,
          ABORTED,
          EXPIRED,
          SECRET_MISSING,
          SUPERSEDED,
          REDIRECT,
          CIRCUIT_OPEN,
          INVALID_URL,
          BLOCKED_ADDRESS,
          INTERNAL,
          INTERRUPTED ->
          true;
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
