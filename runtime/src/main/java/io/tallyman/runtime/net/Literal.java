package io.tallyman.runtime.net;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.regex.Pattern;

/** Addresses as text, in the one notation that every program reads alike. */
final class Literal {

  /** Four numbers without leading zeros, which some read as octal and Java as decimal. */
  private static final Pattern DOTTED_QUAD =
      Pattern.compile("((25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)(\\.(?!$)|$)){4}");

  private Literal() {}

  /**
   * An address such as {@code 203.0.113.7} or {@code 2001:db8::7}.
   *
   * @throws IllegalArgumentException when it is none, or written in another way; says what it is
   */
  static InetAddress parse(String text) {
    if (DOTTED_QUAD.matcher(text).matches()) {
      return InetAddress.ofLiteral(text);
    }
    if (!text.contains(":")) {
      throw new IllegalArgumentException(
          "an address such as 203.0.113.7, but it is a number of another notation");
    }
    if (text.contains("%")) {
      throw new IllegalArgumentException("an address without a zone, but it has one");
    }
    InetAddress address;
    try {
      address = InetAddress.ofLiteral(text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("an address, but it is none", e);
    }
    if (!(address instanceof Inet6Address)) {
      throw new IllegalArgumentException(
          "an IPv4 address written as one, but it is mapped to IPv6");
    }
    return address;
  }
}
