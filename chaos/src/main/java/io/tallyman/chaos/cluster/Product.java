package io.tallyman.chaos.cluster;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The program whose processes are run.
 *
 * @param java the executable
 * @param classPath with all of the product in it
 */
public record Product(Path java, String classPath) {

  /** Two processors carry a dozen JVMs: each is small, and compiles little. */
  private static final List<String> SMALL =
      List.of(
          "-XX:+UseSerialGC",
          "-XX:TieredStopAtLevel=1",
          "-Xss512k",
          "-XX:+ExitOnOutOfMemoryError",
          "--enable-native-access=ALL-UNNAMED",
          "--sun-misc-unsafe-memory-access=allow");

  /** The one that runs here: this JVM's, with this JVM's class path. */
  public static Product ofThisProcess() {
    return new Product(
        Path.of(System.getProperty("java.home"), "bin", "java"),
        System.getProperty("java.class.path", ""));
  }

  /**
   * A command line.
   *
   * @param heapMegabytes at most
   * @param options further ones of the JVM
   */
  List<String> command(
      int heapMegabytes, List<String> options, String mainClass, String... arguments) {
    var command = new ArrayList<>(List.of(java.toString(), "-Xmx" + heapMegabytes + "m"));
    command.addAll(SMALL);
    command.addAll(options);
    command.addAll(List.of("-cp", classPath, mainClass));
    command.addAll(List.of(arguments));
    return command;
  }
}
