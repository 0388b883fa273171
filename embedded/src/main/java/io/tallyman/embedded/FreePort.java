package io.tallyman.embedded;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;

/** Asks the system for a loopback port that nobody listens on now. */
public final class FreePort {

  private FreePort() {}

  /** A port from the ephemeral range; another process could take it before the caller does. */
  public static int find() {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException("Expected a free loopback port, but there is none", e);
    }
  }
}
