package io.tallyman.runtime.net;

import java.net.UnknownHostException;

/**
 * A name leads to an address that {@link AddressPolicy} refuses. A kind of unknown host, so that
 * every HTTP client lets it through. The message names the address: it is for operators, and never
 * for whoever gave the name, who would learn the inside of a network from it.
 */
public final class BlockedAddress extends UnknownHostException {

  private static final long serialVersionUID = 1;

  /** One sentence for operators. */
  public BlockedAddress(String message) {
    super(message);
  }
}
