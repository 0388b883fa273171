package io.tallyman.api.http;

/**
 * Checks bytes for what a lenient JSON parser lets through: malformed UTF-8 (Unicode 16, table 3-7)
 * and escapes of half a surrogate pair, which no text can hold.
 */
final class StrictText {

  private StrictText() {}

  /**
   * Passes over the whole body once.
   *
   * @throws Refusal 400 {@code invalid-utf8} or {@code lone-surrogate}, with the byte it is at
   */
  static void check(byte[] bytes) {
    var at = 0;
    while (at < bytes.length) {
      var next = bytes[at];
      if (next >= 0) {
        at += next == '\\' ? escape(bytes, at) : 1;
      } else {
        at += character(bytes, at);
      }
    }
  }

  /** Length of the multi-byte character here. */
  private static int character(byte[] bytes, int at) {
    var first = bytes[at] & 0xff;
    int length;
    var least = 0x80;
    var most = 0xbf;
    if (first >= 0xc2 && first <= 0xdf) {
      length = 2;
    } else if (first >= 0xe0 && first <= 0xef) {
      length = 3;
      least = first == 0xe0 ? 0xa0 : 0x80;
      most = first == 0xed ? 0x9f : 0xbf;
    } else if (first >= 0xf0 && first <= 0xf4) {
      length = 4;
      least = first == 0xf0 ? 0x90 : 0x80;
      most = first == 0xf4 ? 0x8f : 0xbf;
    } else {
      throw invalid(at);
    }
    if (at + length > bytes.length) {
      throw invalid(at);
    }
    var second = bytes[at + 1] & 0xff;
    if (second < least || second > most) {
      throw invalid(at);
    }
    for (int i = 2; i < length; i++) {
      if ((bytes[at + i] & 0xc0) != 0x80) {
        throw invalid(at);
      }
    }
    return length;
  }

  /** Length of the escape here: what is wrong with it otherwise, the parser says. */
  private static int escape(byte[] bytes, int at) {
    var unit = unit(bytes, at);
    if (unit < 0) {
      return 2;
    }
    if (Character.isLowSurrogate((char) unit)) {
      throw lone(at);
    }
    if (!Character.isHighSurrogate((char) unit)) {
      return 6;
    }
    var low = unit(bytes, at + 6);
    if (low < 0 || !Character.isLowSurrogate((char) low)) {
      throw lone(at);
    }
    return 12;
  }

  /** The UTF-16 unit that an escape u of four digits here means; -1: it is none. */
  private static int unit(byte[] bytes, int at) {
    if (at + 6 > bytes.length || bytes[at] != '\\' || bytes[at + 1] != 'u') {
      return -1;
    }
    var unit = 0;
    for (int i = at + 2; i < at + 6; i++) {
      var digit = Character.digit(bytes[i], 16);
      if (digit < 0) {
        return -1;
      }
      unit = unit << 4 | digit;
    }
    return unit;
  }

  private static Refusal invalid(int at) {
    return Refusal.of(
        400,
        "invalid-utf8",
        "Expected a body in UTF-8, but byte %d is not. Send the JSON encoded as UTF-8"
            .formatted(at));
  }

  private static Refusal lone(int at) {
    return Refusal.of(
        400,
        "lone-surrogate",
        "Expected escapes of whole characters, but at byte %d is half a surrogate pair. Escape both"
                .formatted(at)
            + " halves, or send the character as UTF-8");
  }
}
