package io.tallyman.chaos.json;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/** A JSON value to be looked into. Two are equal when they mean the same, whatever their spaces. */
public final class Json {

  private static final ObjectMapper MAPPER =
      new ObjectMapper()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(SerializationFeature.INDENT_OUTPUT);

  private final JsonNode node;

  private Json(JsonNode node) {
    this.node = node;
  }

  /** The value; empty when the text is not one JSON value. */
  public static Optional<Json> parse(@Nullable String text) {
    if (text == null) {
      return Optional.empty();
    }
    try {
      var node = MAPPER.readTree(text);
      return node == null || node.isMissingNode() ? Optional.empty() : Optional.of(new Json(node));
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
  }

  /**
   * Writes a record, map or list as indented JSON.
   *
   * @throws UncheckedIOException when the file cannot be written
   */
  public static void write(Path file, Object value) {
    try {
      MAPPER.writeValue(file.toFile(), value);
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to write " + file, e);
    }
  }

  /** The member at the end of the path; a value that has nothing when there is none. */
  public Json at(String... path) {
    var found = node;
    for (var name : path) {
      found = found.path(name);
    }
    return new Json(found == null ? MissingNode.getInstance() : found);
  }

  /** Whether it is there, be it {@code null}. */
  public boolean exists() {
    return !node.isMissingNode();
  }

  /** Whether it is there, and not {@code null}. */
  public boolean isThere() {
    return !node.isMissingNode() && !node.isNull();
  }

  /** Whether it is an object. */
  public boolean isObject() {
    return node.isObject();
  }

  /** Text; empty when it is none. */
  public Optional<String> text(String... path) {
    var found = at(path).node;
    return found.isTextual() ? Optional.of(found.textValue()) : Optional.empty();
  }

  /** A whole number of at most 64 bits; empty when it is none. */
  public OptionalLong number(String... path) {
    var found = at(path).node;
    return found.isIntegralNumber() && found.canConvertToLong()
        ? OptionalLong.of(found.longValue())
        : OptionalLong.empty();
  }

  /** Milliseconds since the epoch of a time in ISO 8601; empty when it is none. */
  public OptionalLong time(String... path) {
    try {
      var text = text(path);
      return text.isPresent()
          ? OptionalLong.of(Instant.parse(text.get()).toEpochMilli())
          : OptionalLong.empty();
    } catch (DateTimeException e) {
      return OptionalLong.empty();
    }
  }

  /** Whether it is there and {@code true}. */
  public boolean isTrue(String... path) {
    return at(path).node.asBoolean(false);
  }

  /** The elements; none when it is no array. */
  public List<Json> elements() {
    return node.isArray()
        ? StreamSupport.stream(node.spliterator(), false).map(Json::new).toList()
        : List.of();
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Json json && node.equals(json.node);
  }

  @Override
  public int hashCode() {
    return node.hashCode();
  }

  @Override
  public String toString() {
    return node.toString();
  }
}
