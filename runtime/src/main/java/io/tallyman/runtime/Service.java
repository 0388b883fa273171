package io.tallyman.runtime;

import java.util.List;

/**
 * A running part of Tallyman. It starts when its neighbours are down, says so in {@link #health()},
 * and recovers by itself.
 */
public interface Service extends AutoCloseable {

  /** How each of its dependencies is now. Never blocks for longer than a second. */
  List<Health> health();

  /** Numbers for Prometheus, in its text format; empty: it counts nothing. */
  default String metrics() {
    return "";
  }

  /** Stops it: takes no new work, ends or hands back what runs, within {@code 4 s}. */
  @Override
  void close();

  /**
   * Told again to stop, by somebody who does not want to wait: ends what {@link #close()} waits for
   * by choice. Called on another thread while that runs, or before; does not block.
   */
  default void hurry() {}

  /**
   * How one dependency is.
   *
   * @param name of the dependency, such as {@code kafka}
   * @param isReady whether the service can do its work, as far as this dependency goes
   * @param detail one sentence for an operator: what is wrong and what happens next
   */
  record Health(String name, boolean isReady, String detail) {

    /** A dependency that is fine. */
    public static Health ready(String name, String detail) {
      return new Health(name, true, detail);
    }

    /** A dependency without which the service cannot do its work. */
    public static Health notReady(String name, String detail) {
      return new Health(name, false, detail);
    }
  }
}
