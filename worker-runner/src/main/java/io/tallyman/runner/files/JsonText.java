package io.tallyman.runner.files;

import io.tallyman.schemas.job.RawJson;
import io.tallyman.schemas.json.MalformedMessage;
import io.tallyman.schemas.json.MessageCodec;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** Bytes that a container wrote, as one JSON value. */
final class JsonText {

  private JsonText() {}

  /** The value without the white space around it; empty when the bytes are anything else. */
  static Optional<RawJson> parse(byte[] bytes) {
    int from = 0;
    int to = bytes.length;
    while (from < to && isSpace(bytes[from])) {
      from++;
    }
    while (from < to && isSpace(bytes[to - 1])) {
      to--;
    }
    if (from == to || !couldBegin(bytes[from]) || !isText(bytes, from, to)) {
      return Optional.empty();
    }
    try {
      var stripped = RawJson.copyOf(bytes, from, to);
      var value = MessageCodec.decode(RawJson.class, stripped.bytes());
      // The codec stops after the first value; what follows it would go unseen.
      return value.size() == stripped.size() ? Optional.of(stripped) : Optional.empty();
    } catch (MalformedMessage _) {
      return Optional.empty();
    }
  }

  static boolean isSpace(byte b) {
    return b == ' ' || b == '\t' || b == '\n' || b == '\r';
  }

  /** A cheap look that saves parsing each line of a log. */
  private static boolean couldBegin(byte b) {
    return b == '{'
        || b == '['
        || b == '"'
        || b == '-'
        || (b >= '0' && b <= '9')
        || b == 't'
        || b == 'f'
        || b == 'n';
  }

  /** UTF-8 without NUL, which would be taken for UTF-16 or UTF-32. */
  private static boolean isText(byte[] bytes, int from, int to) {
    for (int i = from; i < to; i++) {
      if (bytes[i] == 0) {
        return false;
      }
    }
    try {
      StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes, from, to - from));
      return true;
    } catch (CharacterCodingException _) {
      return false;
    }
  }
}
