package io.tallyman.chaos.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ClockTest {

  @TempDir Path folder;

  /** Waits half a second for nothing, again and again, and tells the time after each wait. */
  static final class Waiter {

    public static void main(String[] arguments) throws InterruptedException {
      var lock = new Object();
      synchronized (lock) {
        while (true) {
          lock.wait(500);
          System.out.println(Instant.now() + " " + System.nanoTime());
        }
      }
    }
  }

  @Test
  void shouldMoveTheWallClockOfAProcessAndNothingElseOfIt() throws IOException {
    var library = Clock.library();
    assumeThat(library).as("libfaketime").isPresent();
    var clock = new Clock(folder.resolve("clock"));
    var builder =
        new ProcessBuilder(Product.ofThisProcess().command(32, List.of(), Waiter.class.getName()));
    builder.environment().putAll(clock.environment(library.orElseThrow()));
    var process = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
    try (var output =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      // given
      var begun = System.nanoTime();
      var first = output.readLine().split(" ");
      assertThat(ahead(first)).isBetween(Duration.ofMinutes(-1), Duration.ofMinutes(1));

      // when
      clock.jump("+2h");
      var line = first;
      var waits = 0;
      while (ahead(line).compareTo(Duration.ofHours(1)) < 0) {
        line = output.readLine().split(" ");
        waits++;
      }

      // then: each wait took its half second, also as the process itself measures
      assertThat(ahead(line)).isBetween(Duration.ofMinutes(119), Duration.ofMinutes(121));
      assertThat(Duration.ofNanos(System.nanoTime() - begun))
          .isGreaterThan(Duration.ofMillis(400L * waits));
      assertThat(Duration.ofNanos(Long.parseLong(line[1]) - Long.parseLong(first[1])))
          .isBetween(Duration.ofMillis(400L * waits), Duration.ofMinutes(1));
    } finally {
      process.destroyForcibly();
    }
  }

  private static Duration ahead(String[] line) {
    return Duration.between(Instant.now(), Instant.parse(line[0]));
  }
}
