package io.tallyman.runtime.net;

import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What a URL must be like that somebody wants asked. Strict where programs disagree on what a text
 * means: each number has one notation, nothing is decoded, and there is no user, no fragment and no
 * letter beyond ASCII. Where its name leads is {@link VettedResolver}'s to say.
 */
public final class ReceiverUrl {

  /** Longest URL of a receiver, in characters: what servers and proxies agree on. */
  public static final int MAX_LENGTH = 2_048;

  /** Longest signed URL of a file: the tokens of clouds go beyond the former. */
  public static final int MAX_SIGNED_LENGTH = 8_192;

  /** Below 1,024 only these: a receiver is a web server, and not somebody's mail or shell. */
  private static final Set<Integer> WELL_KNOWN_PORTS = Set.of(80, 443);

  /** Above, where a POST would be understood as something else, or is dangerous. */
  private static final Set<Integer> BAD_PORTS =
      Set.of(
          1719, 1720, 1723, 2049, 2375, 2376, 2379, 2380, 3306, 3389, 3659, 4045, 5432, 5060, 5061,
          6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6697, 9042, 9092, 10250, 11211, 27017);

  private static final int FIRST_FREE_PORT = 1_024;
  private static final int MAX_PORT = 65_535;
  private static final int MAX_HOST = 253;

  private static final Pattern NUMBER = Pattern.compile("[0-9]+|0[xX][0-9a-fA-F]*");

  private ReceiverUrl() {}

  /** The mistake in a receiver's URL, of at most {@value #MAX_LENGTH} characters. */
  public static Optional<String> mistakeIn(String text, AddressPolicy policy) {
    return mistakeIn(text, policy, MAX_LENGTH);
  }

  /** What was expected and what came, such as {@code an http or https URL, but …}; empty: fine. */
  public static Optional<String> mistakeIn(String text, AddressPolicy policy, int maxLength) {
    if (text.length() > maxLength) {
      return Optional.of("a URL of at most %d characters, but it is longer".formatted(maxLength));
    }
    if (!text.chars().allMatch(it -> it > ' ' && it < 0x7f)) {
      return Optional.of(
          "a URL of visible ASCII characters, but it has others. Write %-escapes, and xn-- in the"
              + " host");
    }
    URI url;
    try {
      url = new URI(text).parseServerAuthority();
    } catch (URISyntaxException e) {
      return Optional.of("an absolute http or https URL, but it is no URL: " + e.getReason());
    }
    if (!"http".equalsIgnoreCase(url.getScheme()) && !"https".equalsIgnoreCase(url.getScheme())) {
      return Optional.of("an absolute http or https URL, but its scheme is another or missing");
    }
    if (url.getHost() == null || url.getHost().isEmpty() || url.getHost().length() > MAX_HOST) {
      return Optional.of("a URL with a host of at most %d characters".formatted(MAX_HOST));
    }
    if (url.getRawUserInfo() != null) {
      return Optional.of("a URL without user and password, but it has some");
    }
    if (url.getRawFragment() != null) {
      return Optional.of("a URL without a fragment, but it has one, which is never sent");
    }
    return mistakeInPort(url.getPort()).or(() -> mistakeInHost(url.getHost(), policy));
  }

  private static Optional<String> mistakeInPort(int port) {
    var isFine =
        port == -1
            || WELL_KNOWN_PORTS.contains(port)
            || (port >= FIRST_FREE_PORT && port <= MAX_PORT && !BAD_PORTS.contains(port));
    return isFine
        ? Optional.empty()
        : Optional.of(
            "a URL with port 80, 443 or one from %d to %d that no other protocol is known for, but"
                    .formatted(FIRST_FREE_PORT, MAX_PORT)
                + " it has "
                + port);
  }

  private static Optional<String> mistakeInHost(String host, AddressPolicy policy) {
    if (host.endsWith(".")) {
      return Optional.of("a URL whose host does not end with a dot, but it does");
    }
    if (host.startsWith("[") || endsInANumber(host)) {
      return mistakeInLiteral(host, policy);
    }
    var name = host.toLowerCase(Locale.ROOT);
    if ((name.equals("localhost") || name.endsWith(".localhost")) && !policy.listsName(name)) {
      return policy.objectionTo(InetAddress.getLoopbackAddress()).map(it -> refused(host, it));
    }
    return Optional.empty();
  }

  private static Optional<String> mistakeInLiteral(String host, AddressPolicy policy) {
    try {
      var address =
          Literal.parse(host.startsWith("[") ? host.substring(1, host.length() - 1) : host);
      return policy.objectionTo(address).map(it -> refused(host, it));
    } catch (IllegalArgumentException e) {
      return Optional.of("a URL whose host is a name or " + e.getMessage());
    }
  }

  /** Whether programs may take the host for an IPv4 address, in whatever notation. */
  static boolean endsInANumber(String host) {
    return NUMBER.matcher(host.substring(host.lastIndexOf('.') + 1)).matches();
  }

  private static String refused(String host, String why) {
    return "a URL that may be asked, but %s is %s. %s".formatted(host, why, AddressPolicy.WAY_OUT);
  }
}
