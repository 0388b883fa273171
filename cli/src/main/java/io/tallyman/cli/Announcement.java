package io.tallyman.cli;

import io.tallyman.runtime.CommonSettings;
import java.io.PrintStream;
import java.time.Duration;

/** What runs where, in aligned lines. */
final class Announcement {

  private Announcement() {}

  static void print(PrintStream out, Stack stack, Duration startTime) {
    out.println();
    line(out, "API", stack.apiUrl());
    line(out, "Kafka", stack.kafka() + "  (embedded, one node)");
    line(out, "Redis", stack.redis() + "  (" + stack.redisProgram() + ")");
    line(out, "runtime", stack.runtimeReason());
    line(
        out,
        "webhooks",
        "may go to the internet and to %s  (%s)"
            .formatted(stack.allowedNetworks(), CommonSettings.ALLOWED_NETWORKS.name()));
    line(out, "ready in", "%.1f s".formatted(startTime.toMillis() / 1000.0));
  }

  static void line(PrintStream out, String what, String text) {
    out.printf("  %-9s %s%n", what, text);
  }
}
