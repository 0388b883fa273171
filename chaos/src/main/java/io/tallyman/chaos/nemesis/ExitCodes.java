package io.tallyman.chaos.nemesis;

import java.time.Duration;
import java.util.Optional;

/** How a process ends that was told to with SIGTERM. */
public final class ExitCodes {

  /** 128 + SIGTERM: the JVM's own code for an orderly end. */
  private static final int TERMINATED = 143;

  private ExitCodes() {}

  /** Whether it ended by itself, and well. */
  public static boolean isOrderly(Optional<Integer> code) {
    return code.isPresent() && (code.get() == 0 || code.get() == TERMINATED);
  }

  /** What to say of one that did not. */
  public static String complaint(String name, Optional<Integer> code, Duration limit) {
    return "Expected %s to end within %s of SIGTERM with code 0 or %d, but %s"
        .formatted(
            name,
            limit,
            TERMINATED,
            code.map(it -> "its code was " + it).orElse("it did not, or was dead before"));
  }
}
