package io.tallyman.runtime.net;

import java.net.InetAddress;
import java.util.Arrays;

/**
 * A block of addresses, such as {@code 10.0.0.0/8} or {@code fc00::/7}.
 *
 * @param base its first address
 * @param bits how many leading bits the addresses share
 */
record Cidr(InetAddress base, int bits) {

  Cidr {
    if (bits < 0 || bits > base.getAddress().length * Byte.SIZE) {
      throw new IllegalArgumentException(
          "a prefix of 0 to %d bits".formatted(base.getAddress().length * Byte.SIZE));
    }
    if (hasBitsBeyond(base, bits)) {
      throw new IllegalArgumentException(
          "a network address, but %s has bits beyond /%d".formatted(base.getHostAddress(), bits));
    }
  }

  /**
   * A block from its text; a plain address is a block of one.
   *
   * @throws IllegalArgumentException when the text is none
   */
  static Cidr parse(String text) {
    var slash = text.indexOf('/');
    var base = Literal.parse(slash < 0 ? text : text.substring(0, slash));
    try {
      return new Cidr(
          base,
          slash < 0
              ? base.getAddress().length * Byte.SIZE
              : Integer.parseInt(text.substring(slash + 1)));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("a block such as 10.0.0.0/8 or fc00::/7", e);
    }
  }

  /** Whether the address is one of it. An IPv4 block has no IPv6 addresses, and vice versa. */
  boolean contains(InetAddress address) {
    return contains(base.getAddress(), address.getAddress(), bits);
  }

  private static boolean contains(byte[] base, byte[] address, int bits) {
    if (base.length != address.length) {
      return false;
    }
    var whole = bits / Byte.SIZE;
    var rest = bits % Byte.SIZE;
    return Arrays.equals(base, 0, whole, address, 0, whole)
        && (rest == 0 || ((base[whole] ^ address[whole]) & 0xff) >> (Byte.SIZE - rest) == 0);
  }

  private static boolean hasBitsBeyond(InetAddress base, int bits) {
    var bytes = base.getAddress();
    for (int bit = bits; bit < bytes.length * Byte.SIZE; bit++) {
      if ((bytes[bit / Byte.SIZE] >> (Byte.SIZE - 1 - bit % Byte.SIZE) & 1) != 0) {
        return true;
      }
    }
    return false;
  }

  @Override
  public String toString() {
    return base.getHostAddress() + "/" + bits;
  }
}
