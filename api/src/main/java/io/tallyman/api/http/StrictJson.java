package io.tallyman.api.http;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * JSON as RFC 8259 has it and no more, within limits: what a lenient parser would take, guess or
 * choke on is a {@link Refusal} with a code, a place and a way out.
 */
final class StrictJson {

  /** Deepest nesting; what real workflows have is below 20. */
  static final int MAX_DEPTH = 100;

  /** Longest member name, in characters. */
  static final int MAX_NAME = 256;

  /** Longest number, in digits. */
  static final int MAX_NUMBER = 1_000;

  private static final byte[] BYTE_ORDER_MARK = {(byte) 0xef, (byte) 0xbb, (byte) 0xbf};

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxNameLength(MAX_NAME)
                  .maxNumberLength(MAX_NUMBER)
                  .build())
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          // UTF-8 alone: without this, UTF-16 is guessed from zero bytes.
          .disable(JsonFactory.Feature.CHARSET_DETECTION)
          // Names of other people's input must not stay in the JVM's table for ever.
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .build();

  private StrictJson() {}

  /**
   * The body without a byte order mark, once it is sure to be text.
   *
   * @throws Refusal 400 {@code invalid-utf8} or {@code lone-surrogate}
   */
  static byte[] checked(byte[] body) {
    var bytes = withoutMark(body);
    StrictText.check(bytes);
    return bytes;
  }

  /** A parser of these bytes; its byte offsets count in them. */
  static JsonParser parser(byte[] bytes) throws IOException {
    return JSON.createParser(bytes);
  }

  /**
   * Checks the body of a call that needs none: nothing, or one JSON object, whose members are
   * ignored.
   *
   * @throws Refusal 400 when it is neither
   */
  static void requireEmptyOrObject(byte[] body) {
    if (isBlank(body)) {
      return;
    }
    try (var parser = parser(checked(body))) {
      try {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
          throw notAnObject(parser);
        }
        parser.skipChildren();
        requireEnd(parser);
      } catch (JsonProcessingException e) {
        throw unreadable(e, parser);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to read bytes in memory, but failed", e);
    }
  }

  /**
   * Sees that nothing follows the document.
   *
   * @throws Refusal 400 {@code trailing-data}
   */
  static void requireEnd(JsonParser parser) throws IOException {
    JsonToken behind;
    try {
      behind = parser.nextToken();
    } catch (JsonParseException e) {
      behind = JsonToken.NOT_AVAILABLE;
    }
    if (behind != null) {
      throw Refusal.of(
          400,
          "trailing-data",
          "Expected one JSON object, but something follows it at line %d, column %d. Send one job"
                  .formatted(
                      parser.currentLocation().getLineNr(), parser.currentLocation().getColumnNr())
              + " per request");
    }
  }

  /** 400: the body is JSON, and no object. */
  static Refusal notAnObject(JsonParser parser) {
    return Refusal.at(
        "",
        "not-an-object",
        "Expected a JSON object, but got %s. Send {\"input\": {...}}"
            .formatted(describe(parser.currentToken())));
  }

  /** 400: why the parser stopped, and where. Never a piece of a foreign document. */
  static Refusal unreadable(JsonProcessingException e, JsonParser parser) {
    var pointer = parser.getParsingContext().pathAsPointer().toString();
    var location = e.getLocation();
    var where =
        location == null
            ? ""
            : " at line %d, column %d".formatted(location.getLineNr(), location.getColumnNr());
    var reason = e.getOriginalMessage().lines().findFirst().orElse("");
    if (e instanceof StreamConstraintsException) {
      if (reason.contains("depth")) {
        return Refusal.at(
            pointer,
            "too-deep",
            "Expected at most %d levels of nesting, but there are more%s"
                .formatted(MAX_DEPTH, where));
      }
      var what = reason.contains("Number") ? "number" : "name";
      return Refusal.at(
          pointer,
          what + "-too-long",
          "Expected a %s of at most %d characters, but one is longer%s. Send it as text"
              .formatted(what, what.equals("number") ? MAX_NUMBER : MAX_NAME, where));
    }
    if (reason.startsWith("Duplicate")) {
      return Refusal.at(
          pointer,
          "duplicate-key",
          "Expected each key once, but one comes again%s. Remove one of the two".formatted(where));
    }
    return Refusal.at(
        pointer,
        "invalid-json",
        "Expected JSON, but%s: %s"
            .formatted(where, reason.substring(0, Math.min(200, reason.length()))));
  }

  /** What a value is, for a sentence. */
  static String describe(@Nullable JsonToken token) {
    return switch (token) {
      case START_ARRAY -> "a list";
      case START_OBJECT -> "an object";
      case VALUE_STRING -> "text";
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "a number";
      case VALUE_TRUE, VALUE_FALSE -> "true or false";
      case VALUE_NULL -> "null";
      case null, default -> "something else";
    };
  }

  /** Whether there is nothing but white space. */
  static boolean isBlank(byte[] body) {
    for (var next : body) {
      if (next != ' ' && next != '\t' && next != '\r' && next != '\n') {
        return false;
      }
    }
    return true;
  }

  private static byte[] withoutMark(byte[] body) {
    var marked =
        body.length >= BYTE_ORDER_MARK.length
            && Arrays.equals(
                body, 0, BYTE_ORDER_MARK.length, BYTE_ORDER_MARK, 0, BYTE_ORDER_MARK.length);
    return marked ? Arrays.copyOfRange(body, BYTE_ORDER_MARK.length, body.length) : body;
  }
}
