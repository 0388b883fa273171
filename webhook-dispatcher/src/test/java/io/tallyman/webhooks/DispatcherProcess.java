package io.tallyman.webhooks;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A dispatcher as a process of its own, so that it can be killed. It ends with the test, too. */
final class DispatcherProcess implements AutoCloseable {

  private static final String NAME = "mortal";

  private final Process process;

  private DispatcherProcess(Process process) {
    this.process = process;
  }

  /**
   * Starts one, under the same name each time; does not wait until it is ready.
   *
   * @param folder of its endpoints file
   */
  static DispatcherProcess start(String kafka, Path folder, String endpoints, String group)
      throws IOException {
    Files.writeString(folder.resolve("endpoints.yaml"), endpoints);
    return new DispatcherProcess(
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-XX:+UseSerialGC",
                    "-XX:TieredStopAtLevel=1",
                    "-Xmx128m",
                    "-cp",
                    System.getProperty("java.class.path"),
                    DispatcherProcess.class.getName(),
                    kafka,
                    folder.toString(),
                    group))
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("dispatcher.log").toFile())
            .start());
  }

  /** Ends it as {@code kill -9} does. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }

  /** Runs until its parent is gone. */
  public static void main(String[] arguments) throws IOException {
    var folder = Path.of(arguments[1]);
    var endpoints = Files.readString(folder.resolve("endpoints.yaml"), UTF_8);
    WebhookDispatcher.start(
        Stage.settings(arguments[0], endpoints, folder, arguments[2], Optional.of(NAME)));
    while (System.in.read() >= 0) {
      // Nobody writes to it.
    }
    Runtime.getRuntime().halt(0);
  }
}
