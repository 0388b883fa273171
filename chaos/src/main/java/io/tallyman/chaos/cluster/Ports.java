package io.tallyman.chaos.cluster;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;

/**
 * Loopback ports for servers that go away and come back: below those that the system gives to
 * outgoing connections, one of which could sit on the port of a server that is down.
 */
final class Ports {

  private static final int LOWEST = 15_000;

  /** Linux gives outgoing connections ports from 32768 on. */
  private static final int BEYOND = 32_000;

  private int next;

  /**
   * @param seed where to begin to look: another one for each harness on this machine, such as its
   *     process number
   */
  Ports(long seed) {
    this.next = LOWEST + (int) Math.floorMod(seed * 257, (long) (BEYOND - LOWEST));
  }

  /** A port that nobody listens on, and that was not given before. */
  int next() {
    for (var tried = 0; tried < BEYOND - LOWEST; tried++) {
      var port = next;
      next = next + 1 < BEYOND ? next + 1 : LOWEST;
      if (isFree(port)) {
        return port;
      }
    }
    throw new IllegalStateException(
        "Expected a free loopback port from %d to %d, but all are taken"
            .formatted(LOWEST, BEYOND - 1));
  }

  private static boolean isFree(int port) {
    try (var socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      return true;
    } catch (IOException _) {
      return false;
    }
  }
}
