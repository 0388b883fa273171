package io.tallyman.embedded;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.embedded.core.ExecutableProvider;

/**
 * A real Redis server as a child process on loopback: {@code redis-server} from the {@code PATH},
 * or else the one that the library {@code embedded-redis} carries. It keeps nothing on disk: the
 * mirror is rebuilt from the log.
 */
public final class EmbeddedRedis implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(EmbeddedRedis.class);

  /** Longest wait for its first answer; it takes 15 ms to 150 ms. */
  private static final Duration START_LIMIT = Duration.ofSeconds(10);

  private static final String PID_FILE = "redis.pid";
  private static final Pattern LEFTOVER = Pattern.compile("(\\d{1,18}) (\\d{1,12})");

  /** The system counts births from its boot, whose time it knows to the second or so. */
  private static final Duration BIRTH_TOLERANCE = Duration.ofSeconds(5);

  private final Process process;
  private final int port;
  private final String executable;

  private EmbeddedRedis(Process process, int port, String executable) {
    this.process = process;
    this.port = port;
    this.executable = executable;
  }

  /**
   * Starts a server on any free port; returns when it answers.
   *
   * @param folder its working folder; created when new
   */
  public static EmbeddedRedis start(Path folder) {
    return start(folder, FreePort.find());
  }

  /** The same on a chosen port. */
  public static EmbeddedRedis start(Path folder, int port) {
    try {
      Files.createDirectories(folder);
      endLeftover(folder);
      var command = command(port);
      var process =
          new ProcessBuilder(command)
              .directory(folder.toFile())
              .redirectErrorStream(true)
              .redirectOutput(folder.resolve("redis.log").toFile())
              .start();
      return answering(new EmbeddedRedis(process, port, command.getFirst()), folder);
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to start redis-server, but failed", e);
    }
  }

  private static EmbeddedRedis answering(EmbeddedRedis redis, Path folder) throws IOException {
    var isAnswering = false;
    try {
      Files.writeString(folder.resolve(PID_FILE), identity(redis.process.toHandle()));
      redis.awaitAnswer(folder);
      isAnswering = true;
      return redis;
    } finally {
      if (!isAnswering) {
        redis.process.destroyForcibly();
      }
    }
  }

  /** The command line of a server on loopback that keeps nothing on disk. */
  public static List<String> command(int port) {
    return List.of(
        executable().toString(),
        "--port",
        Integer.toString(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--appendonly",
        "no",
        "--daemonize",
        "no");
  }

  /** {@code redis://127.0.0.1:port}. */
  public String url() {
    return "redis://127.0.0.1:" + port;
  }

  /** Which program runs, for a line to the user. */
  public String executablePath() {
    return executable;
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(2, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  /**
   * A killed process could not stop its child: the next one on the same folder does. The caller
   * sees to it that no live process uses the folder.
   */
  private static void endLeftover(Path folder) throws IOException {
    var file = folder.resolve(PID_FILE);
    if (!Files.exists(file)) {
      return;
    }
    var left = LEFTOVER.matcher(Files.readString(file));
    if (left.matches()) {
      var birth = Instant.ofEpochSecond(Long.parseLong(left.group(2)));
      ProcessHandle.of(Long.parseLong(left.group(1)))
          .filter(process -> isRedis(process) && isBornAt(birth, process))
          .ifPresent(ProcessHandle::destroyForcibly);
    }
  }

  /** What the next one on the folder finds it by: its number and the second of its birth. */
  private static String identity(ProcessHandle process) {
    return "%d %d"
        .formatted(
            process.pid(), process.info().startInstant().orElse(Instant.EPOCH).getEpochSecond());
  }

  private static boolean isRedis(ProcessHandle process) {
    return process.info().command().filter(it -> it.contains("redis")).isPresent();
  }

  /** Another Redis may have got the same number since. */
  private static boolean isBornAt(Instant birth, ProcessHandle process) {
    return process
        .info()
        .startInstant()
        .filter(it -> Duration.between(birth, it).abs().compareTo(BIRTH_TOLERANCE) < 0)
        .isPresent();
  }

  private void awaitAnswer(Path folder) throws IOException {
    var giveUp = System.nanoTime() + START_LIMIT.toNanos();
    while (!answers()) {
      try {
        if (process.waitFor(10, TimeUnit.MILLISECONDS) || System.nanoTime() > giveUp) {
          throw new IOException(
              "Expected %s to answer on port %d, but it did not; see %s"
                  .formatted(executable, port, folder.resolve("redis.log")));
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("Told to stop while waiting for redis-server", e);
      }
    }
    LOG.debug("{} answers on port {}", executable, port);
  }

  private boolean answers() {
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(1_000);
      socket.getOutputStream().write("PING\r\n".getBytes(StandardCharsets.US_ASCII));
      return socket.getInputStream().read() == '+';
    } catch (IOException e) {
      return false;
    }
  }

  private static Path executable() {
    return onPath().orElseGet(EmbeddedRedis::carried);
  }

  private static Optional<Path> onPath() {
    return Arrays.stream(
            Optional.ofNullable(System.getenv("PATH")).orElse("").split(File.pathSeparator, -1))
        .filter(folder -> !folder.isEmpty())
        .map(folder -> Path.of(folder, "redis-server"))
        .filter(Files::isExecutable)
        .findFirst();
  }

  private static Path carried() {
    try {
      return ExecutableProvider.newJarResourceProvider().get().toPath();
    } catch (IOException e) {
      throw new UncheckedIOException(
          "Expected redis-server on the PATH or a carried one for this platform, but there is"
              + " neither: install Redis",
          e);
    }
  }
}
