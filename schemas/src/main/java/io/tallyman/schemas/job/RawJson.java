package io.tallyman.schemas.job;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;

/**
 * One JSON value as the bytes that came in: UTF-8, never re-serialised, so that a number of 400
 * digits, the order of keys and a repeated run all stay as the sender wrote them. Whoever creates
 * one has already checked that it is a single well-formed JSON value.
 */
public final class RawJson {

  /** The JSON value {@code null}. */
  public static final RawJson NULL = of("null");

  private final byte[] utf8;

  private RawJson(byte[] utf8) {
    this.utf8 = utf8;
  }

  /** Takes a copy of {@code bytes[from, to)}. */
  public static RawJson copyOf(byte[] bytes, int from, int to) {
    return new RawJson(Arrays.copyOfRange(bytes, from, to));
  }

  /** The JSON text, such as {@code {"prompt":"a cat"}}. */
  public static RawJson of(String json) {
    return new RawJson(json.getBytes(UTF_8));
  }

  /** Number of UTF-8 bytes. */
  public int size() {
    return utf8.length;
  }

  /** A copy of the bytes. */
  public byte[] bytes() {
    return utf8.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof RawJson that && Arrays.equals(utf8, that.utf8);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(utf8);
  }

  /** The JSON text. */
  @Override
  public String toString() {
    return new String(utf8, UTF_8);
  }
}
