package io.tallyman.runtime.net;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Which addresses may be asked on behalf of somebody who is not the operator: the public internet,
 * and what the operator lists. Everything else is refused, so that nobody reaches through Tallyman
 * what he cannot reach himself: metadata services of clouds, databases, other people's loopback.
 *
 * <p>It decides twice: about the text of a URL when it is submitted ({@link ReceiverUrl}), and
 * about the addresses of its name whenever a connection is made ({@link VettedResolver}), because
 * names may lead elsewhere by then.
 */
public final class AddressPolicy {

  /** The public internet alone. */
  public static final AddressPolicy PUBLIC = new AddressPolicy(List.of(), Set.of(), "");

  /** What an operator can do. */
  static final String WAY_OUT = "TALLY_ALLOWED_NETWORKS lists what may be asked all the same";

  private static final Pattern NAME =
      Pattern.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*");

  private final List<Cidr> blocks;
  private final Set<String> names;
  private final String text;

  private AddressPolicy(List<Cidr> blocks, Set<String> names, String text) {
    this.blocks = List.copyOf(blocks);
    this.names = Set.copyOf(names);
    this.text = text;
  }

  /**
   * The public internet and what is listed.
   *
   * @param allowed blocks, addresses and names, separated by commas, such as {@code
   *     10.1.0.0/16,::1,hooks.internal}; a name allows every address that it leads to
   * @throws IllegalArgumentException when an entry is none of these
   */
  public static AddressPolicy allowing(String allowed) {
    var blocks = new ArrayList<Cidr>();
    var names = new HashSet<String>();
    for (var part : allowed.split(",", -1)) {
      var entry = part.strip().toLowerCase(Locale.ROOT);
      if (entry.isEmpty()) {
        continue;
      }
      if (isName(entry)) {
        names.add(entry);
      } else {
        blocks.add(block(entry));
      }
    }
    return new AddressPolicy(blocks, names, allowed.strip());
  }

  /** Why the address is refused, such as {@code loopback (127.0.0.0/8)}; empty: it may be asked. */
  public Optional<String> objectionTo(InetAddress address) {
    return blocks.stream().anyMatch(block -> block.contains(address))
        ? Optional.empty()
        : SpecialNetworks.purposeOf(address);
  }

  /** Whether the operator listed this name. */
  boolean listsName(String host) {
    return names.contains(host.toLowerCase(Locale.ROOT));
  }

  /**
   * Passes the addresses of a name on, or none of them: one that is refused among them is a trick,
   * or a mistake in the name's zone.
   *
   * @throws BlockedAddress when one is refused
   */
  void require(String host, List<InetAddress> addresses) throws BlockedAddress {
    if (listsName(host)) {
      return;
    }
    for (var address : addresses) {
      var objection = objectionTo(address);
      if (objection.isPresent()) {
        throw new BlockedAddress(
            "%s leads to %s, which is %s. %s"
                .formatted(host, address.getHostAddress(), objection.get(), WAY_OUT));
      }
    }
  }

  /** The list as it was given; empty: the public internet alone. */
  @Override
  public String toString() {
    return text;
  }

  private static boolean isName(String entry) {
    return NAME.matcher(entry).matches() && !ReceiverUrl.endsInANumber(entry);
  }

  private static Cidr block(String entry) {
    try {
      return Cidr.parse(entry);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "Expected blocks, addresses and host names, such as 10.1.0.0/16,::1,hooks.internal, but"
              + " '%s' is none; expected %s".formatted(entry, e.getMessage()),
          e);
    }
  }
}
