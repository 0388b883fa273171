package io.tallyman.runner.http;

import io.tallyman.runner.files.Transfer;
import io.tallyman.runtime.net.AddressPolicy;
import io.tallyman.runtime.net.VettedResolver;

/** Transfers for tests, whose servers are on this machine. */
public final class Transfers {

  private Transfers() {}

  /** One that may ask this machine. */
  public static Transfer onLoopback() {
    return new HttpTransfer(new VettedResolver(AddressPolicy.allowing("127.0.0.0/8")));
  }
}
