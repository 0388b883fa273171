package io.tallyman.schemas;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SchemaRegistryConfig;
import com.networknt.schema.SpecificationVersion;
import io.tallyman.schemas.job.JobView;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The golden messages: one file per message type with what every message of it has, {@code
 * <name>.json}, and where members are optional one that has them too, {@code <name>.full.json}. A
 * file is exactly the bytes on the wire and one line feed.
 */
final class Goldens {

  private static final String PREFIX = "io.tallyman.";
  private static final SchemaRegistry REGISTRY =
      SchemaRegistry.withDefaultDialect(
          SpecificationVersion.DRAFT_2020_12,
          builder ->
              builder.schemaRegistryConfig(
                  SchemaRegistryConfig.builder().formatAssertionsEnabled(true).build()));
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private Goldens() {}

  /** Every message type of the table, and the view. */
  static Stream<Published> published() {
    return Stream.concat(
        MessageTypes.ALL.stream()
            .map(type -> new Published(type.name().substring(PREFIX.length()), type.record())),
        Stream.of(new Published("job.view.v1", JobView.class)));
  }

  /** Every golden file. */
  static Stream<Golden> all() {
    return published()
        .flatMap(
            type ->
                Stream.of("", ".full", ".failed", ".secret")
                    .flatMap(
                        variant ->
                            resource("/golden/" + type.name() + variant + ".json")
                                .map(bytes -> new Golden(type, variant, withoutLineFeed(bytes)))
                                .stream()));
  }

  /** Names of all files beside the golden messages. */
  static List<String> files() {
    var folder = Objects.requireNonNull(Goldens.class.getResource("/golden"));
    try (var files = Files.list(Path.of(folder.getPath()))) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static JsonNode parse(byte[] json) {
    try {
      return MAPPER.readTree(json);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static List<Error> validate(Published type, byte[] json) {
    return type.schema().validate(new String(json, UTF_8), InputFormat.JSON);
  }

  private static String withoutLineFeed(byte[] bytes) {
    var text = new String(bytes, UTF_8);
    if (!text.endsWith("\n")) {
      throw new IllegalArgumentException("Expected a line feed at the end of a golden file");
    }
    return text.substring(0, text.length() - 1);
  }

  private static Optional<byte[]> resource(String name) {
    try (var in = Goldens.class.getResourceAsStream(name)) {
      return in == null ? Optional.empty() : Optional.of(in.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A message type, or the view, with its file name without {@code .json}. */
  record Published(String name, Class<?> record) {

    JsonNode schemaDocument() {
      return parse(resource("/schemas/" + name + ".json").orElseThrow());
    }

    Schema schema() {
      return REGISTRY.getSchema(schemaDocument());
    }

    @Override
    public String toString() {
      return name;
    }
  }

  /** A golden message. */
  record Golden(Published type, String variant, String text) {

    byte[] json() {
      return text.getBytes(UTF_8);
    }

    @Override
    public String toString() {
      return type.name() + variant;
    }
  }
}
