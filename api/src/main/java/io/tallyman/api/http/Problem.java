package io.tallyman.api.http;

import io.tallyman.schemas.json.MessageCodec;
import java.util.List;
import java.util.Optional;

/**
 * The body of every answer that is no success: RFC 9457, with one member more.
 *
 * @param type {@code urn:tallyman:problem:} and the stable code; {@code docs/errors.md} has each
 * @param title of that code, the same each time
 * @param status the HTTP status again
 * @param detail what was expected, what came, and what to do
 * @param instance path of the request, as it was sent
 * @param error the detail again: RunPod's clients look for a plain string under this name
 * @param errors each wrong place of the body, when the body is wrong
 */
record Problem(
    String type,
    String title,
    int status,
    String detail,
    String instance,
    String error,
    Optional<List<Place>> errors) {

  static final String CONTENT_TYPE = "application/problem+json";

  static final String TYPE_PREFIX = "urn:tallyman:problem:";

  /** Longest path that is repeated in an answer. */
  private static final int MAX_INSTANCE = 200;

  static Problem of(int status, String code, String detail, String path, List<Place> places) {
    return new Problem(
        TYPE_PREFIX + code,
        title(code),
        status,
        detail,
        path.length() > MAX_INSTANCE ? path.substring(0, MAX_INSTANCE) : path,
        detail,
        places.isEmpty() ? Optional.empty() : Optional.of(List.copyOf(places)));
  }

  byte[] json() {
    return MessageCodec.encode(this);
  }

  /** {@code unknown-job}: {@code Unknown job}. */
  private static String title(String code) {
    var words = code.replace('-', ' ');
    return Character.toUpperCase(words.charAt(0)) + words.substring(1);
  }

  /**
   * A wrong place in the request body.
   *
   * @param pointer JSON pointer (RFC 6901), such as {@code /policy/ttl}
   * @param detail what is expected there, and what came
   */
  record Place(String pointer, String detail) {}
}
