package io.tallyman.runtime.net;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;

/**
 * Addresses that are not the public internet, from IANA's special-purpose registries (RFC 6890 and
 * its updates). Java's own {@code isSiteLocalAddress} and its like miss most of them.
 */
final class SpecialNetworks {

  private static final List<Named> IPV4 =
      List.of(
          named("0.0.0.0/8", "this network"),
          named("10.0.0.0/8", "private"),
          named("100.64.0.0/10", "shared by carriers, and Alibaba's metadata service"),
          named("127.0.0.0/8", "loopback"),
          named("169.254.0.0/16", "link-local, where clouds serve metadata"),
          named("172.16.0.0/12", "private"),
          named("192.0.0.0/24", "for protocols, and Oracle's metadata service"),
          named("192.0.2.0/24", "for documentation"),
          named("192.88.99.0/24", "6to4 relays"),
          named("192.168.0.0/16", "private"),
          named("198.18.0.0/15", "for benchmarks"),
          named("198.51.100.0/24", "for documentation"),
          named("203.0.113.0/24", "for documentation"),
          // In public space, and yet the agent of the host in Azure.
          named("168.63.129.16/32", "Azure's host agent"),
          named("224.0.0.0/4", "multicast"),
          named("240.0.0.0/4", "reserved"));

  /** The only block of IPv6 that is routed between networks: all else is special. */
  private static final Cidr GLOBAL = Cidr.parse("2000::/3");

  private static final List<Named> IPV6 =
      List.of(
          named("2001::/23", "for protocols, Teredo among them"),
          named("2001:db8::/32", "for documentation"),
          named("2002::/16", "6to4"),
          named("3fff::/20", "for documentation"));

  private SpecialNetworks() {}

  /** What the address is for when it is not public, such as {@code private}; empty: public. */
  static Optional<String> purposeOf(InetAddress address) {
    var isIpv6 = address instanceof Inet6Address;
    if (isIpv6 && !GLOBAL.contains(address)) {
      return Optional.of("outside the public part of IPv6, 2000::/3");
    }
    return (isIpv6 ? IPV6 : IPV4)
        .stream()
            .filter(named -> named.block().contains(address))
            .map(named -> "%s (%s)".formatted(named.purpose(), named.block()))
            .findFirst();
  }

  private static Named named(String block, String purpose) {
    return new Named(Cidr.parse(block), purpose);
  }

  private record Named(Cidr block, String purpose) {}
}
