package io.tallyman.system;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.exception.NotFoundException;
import java.io.BufferedOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.utility.DockerImageName;

/**
 * The image of Kafka's broker that {@code org.testcontainers.kafka.KafkaContainer} starts. The
 * official one when the engine has it; else one made here, without any registry, out of what this
 * machine has: a small Java runtime, the broker's jars of the class path, {@code bash}, {@code sh},
 * {@code sleep} and {@code cat} with their libraries, and {@link KafkaInContainer}.
 *
 * <p>It is made once and kept under its name; {@code docker rmi tallyman/kafka-substitute:4.3.1}
 * makes the next run make it anew.
 */
final class KafkaImage {

  private static final Logger LOG = LoggerFactory.getLogger(KafkaImage.class);

  private static final String OFFICIAL = "apache/kafka:4.3.1";
  private static final String SUBSTITUTE = "tallyman/kafka-substitute:4.3.1";

  /** What the broker needs of Java; {@code java.desktop} for bean properties alone. */
  private static final String MODULES =
      "java.base,java.desktop,java.logging,java.management,java.naming,java.security.jgss,"
          + "java.security.sasl,java.sql,java.xml,jdk.crypto.ec,jdk.management,jdk.unsupported,"
          + "jdk.zipfs";

  private static final List<String> PROGRAMS =
      List.of("/bin/bash", "/bin/sh", "/bin/sleep", "/bin/cat");

  /** Jars of the test class path that no broker needs, by the folder of their group. */
  private static final Set<String> LEFT_OUT =
      Set.of("/rocksdb/", "/testcontainers/", "/docker-java/", "/archunit/", "/tallyman/");

  private static final Pattern LIBRARY = Pattern.compile("(/\\S+) \\(0x[0-9a-f]+\\)");

  private static final int EXECUTABLE = 0755;
  private static final int READABLE = 0644;

  /** Everybody may write here, as in every {@code /tmp}. */
  private static final int SHARED_FOLDER = 01777;

  private static final String RUN =
      """
      #!/bin/bash
      exec /opt/java/bin/java -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \\
        --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow \\
        -Dlogback.configurationFile=/etc/kafka/logback.xml \\
        -cp '/opt/kafka/classes:/opt/kafka/libs/*' %s
      """
          .formatted(KafkaInContainer.class.getName());

  /** Testcontainers waits for a line of the broker at INFO. */
  private static final String LOGBACK =
      """
      <configuration>
        <appender name="console" class="ch.qos.logback.core.ConsoleAppender">
          <encoder><pattern>[%d] %level %msg \\(%logger\\)%n</pattern></encoder>
        </appender>
        <root level="INFO"><appender-ref ref="console"/></root>
      </configuration>
      """;

  private KafkaImage() {}

  /** The image's name, as a substitute for the official one; makes the image when it is missing. */
  static DockerImageName name() {
    var engine = DockerClientFactory.instance().client();
    if (isThere(engine, OFFICIAL)) {
      return DockerImageName.parse(OFFICIAL);
    }
    if (!isThere(engine, SUBSTITUTE)) {
      LOG.info("making the image {}, because {} is not there", SUBSTITUTE, OFFICIAL);
      make();
    }
    return DockerImageName.parse(SUBSTITUTE).asCompatibleSubstituteFor("apache/kafka");
  }

  private static boolean isThere(DockerClient engine, String image) {
    try {
      engine.inspectImageCmd(image).exec();
      return true;
    } catch (NotFoundException e) {
      return false;
    }
  }

  private static void make() {
    try {
      var folder = Files.createTempDirectory("kafka-image");
      var java = folder.resolve("java");
      link(java);
      var archive = folder.resolve("image.tar");
      try (var tar =
          new TarArchiveOutputStream(new BufferedOutputStream(Files.newOutputStream(archive)))) {
        tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
        write(tar, java);
      }
      load(archive);
      delete(folder);
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to make the image " + SUBSTITUTE, e);
    }
  }

  /** By the command: the body that docker-java 3.7.1 sends for this archive ends early. */
  private static void load(Path archive) throws IOException {
    var importing =
        new ProcessBuilder("docker", "import", archive.toString(), SUBSTITUTE)
            .redirectErrorStream(true)
            .start();
    var output = new String(importing.getInputStream().readAllBytes(), UTF_8);
    try {
      if (importing.waitFor() != 0) {
        throw new IOException("Expected docker to import %s, but: %s".formatted(archive, output));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("Interrupted while docker imported " + archive, e);
    }
  }

  private static void link(Path target) {
    var jlink =
        ToolProvider.findFirst("jlink")
            .orElseThrow(() -> new IllegalStateException("Expected a JDK with jlink"));
    var output = new PrintWriter(new OutputStreamWriter(System.err, UTF_8), true);
    var code =
        jlink.run(
            output,
            output,
            "--add-modules",
            MODULES,
            "--strip-java-debug-attributes",
            "--no-header-files",
            "--no-man-pages",
            "--output",
            target.toString());
    if (code != 0) {
      throw new IllegalStateException(
          "Expected jlink to make a runtime, but it ended with " + code);
    }
  }

  private static void write(TarArchiveOutputStream tar, Path java) throws IOException {
    folder(tar, "tmp/", SHARED_FOLDER);
    text(tar, "etc/passwd", "root:x:0:0:root:/root:/bin/bash\n", READABLE);
    text(tar, "etc/nsswitch.conf", "hosts: files dns\n", READABLE);
    text(tar, "etc/kafka/docker/run", RUN, EXECUTABLE);
    text(tar, "etc/kafka/logback.xml", LOGBACK, READABLE);
    for (var program : PROGRAMS) {
      file(tar, program.substring(1), Path.of(program).toRealPath(), EXECUTABLE);
    }
    for (var library : libraries(java)) {
      file(tar, library.substring(1), Path.of(library).toRealPath(), EXECUTABLE);
    }
    tree(tar, "opt/java", java);
    for (var jar : jars()) {
      file(tar, "opt/kafka/libs/" + jar.getFileName(), jar, READABLE);
    }
    var program = KafkaInContainer.class.getName().replace('.', '/') + ".class";
    try (var bytes = KafkaInContainer.class.getClassLoader().getResourceAsStream(program)) {
      bytes(tar, "opt/kafka/classes/" + program, bytes.readAllBytes(), READABLE);
    }
  }

  /** Shared libraries of the programs and of the Java runtime, by the paths they are looked for. */
  private static Set<String> libraries(Path java) throws IOException {
    var command = new java.util.ArrayList<>(List.of("ldd"));
    command.addAll(PROGRAMS);
    for (var name :
        List.of("bin/java", "lib/libjava.so", "lib/libnio.so", "lib/server/libjvm.so")) {
      command.add(java.resolve(name).toString());
    }
    var process = new ProcessBuilder(command).redirectErrorStream(true).start();
    var libraries = new TreeSet<String>();
    var matcher = LIBRARY.matcher(new String(process.getInputStream().readAllBytes(), UTF_8));
    while (matcher.find()) {
      if (!matcher.group(1).startsWith(java.toString())) {
        libraries.add(matcher.group(1));
      }
    }
    return libraries;
  }

  private static List<Path> jars() {
    return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
        .filter(jar -> jar.endsWith(".jar"))
        .filter(jar -> LEFT_OUT.stream().noneMatch(jar::contains))
        .map(Path::of)
        .filter(Files::exists)
        .distinct()
        .toList();
  }

  private static void tree(TarArchiveOutputStream tar, String name, Path root) throws IOException {
    try (var files = Files.walk(root)) {
      for (var file : files.filter(Files::isRegularFile).toList()) {
        file(
            tar,
            name + "/" + root.relativize(file),
            file,
            Files.isExecutable(file) ? EXECUTABLE : READABLE);
      }
    }
  }

  private static void folder(TarArchiveOutputStream tar, String name, int mode) throws IOException {
    var entry = new TarArchiveEntry(name);
    entry.setMode(mode);
    tar.putArchiveEntry(entry);
    tar.closeArchiveEntry();
  }

  private static void text(TarArchiveOutputStream tar, String name, String text, int mode)
      throws IOException {
    bytes(tar, name, text.getBytes(UTF_8), mode);
  }

  private static void bytes(TarArchiveOutputStream tar, String name, byte[] bytes, int mode)
      throws IOException {
    var entry = new TarArchiveEntry(name);
    entry.setSize(bytes.length);
    entry.setMode(mode);
    tar.putArchiveEntry(entry);
    tar.write(bytes);
    tar.closeArchiveEntry();
  }

  private static void file(TarArchiveOutputStream tar, String name, Path file, int mode)
      throws IOException {
    var entry = new TarArchiveEntry(name);
    entry.setSize(Files.size(file));
    entry.setMode(mode);
    tar.putArchiveEntry(entry);
    Files.copy(file, tar);
    tar.closeArchiveEntry();
  }

  private static void delete(Path folder) throws IOException {
    try (var files = Files.walk(folder)) {
      for (var file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
