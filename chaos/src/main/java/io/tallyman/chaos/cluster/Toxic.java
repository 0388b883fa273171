package io.tallyman.chaos.cluster;

import java.time.Duration;

/** What a link does to what passes through it; the names are Toxiproxy's. */
public sealed interface Toxic {

  /** Everything comes so much later. */
  record Latency(Duration delay) implements Toxic {}

  /** No more than so many bytes in a second pass. */
  record Bandwidth(long bytesPerSecond) implements Toxic {}

  /** The end of a connection is passed on so much later. */
  record SlowClose(Duration delay) implements Toxic {}

  /**
   * Nothing passes, and nobody is told: what was sent waits, as what a partition swallows is sent
   * again when it heals.
   */
  record Timeout() implements Toxic {}

  /** Connections are reset (RST), those there are and those that are made. */
  record ResetPeer() implements Toxic {}

  /** What is sent arrives in pieces of so many bytes, with a pause after each. */
  record Slicer(int bytes, Duration pause) implements Toxic {}

  /** A connection ends after so many bytes, in the middle of whatever is being said. */
  record LimitData(long bytes) implements Toxic {}
}
