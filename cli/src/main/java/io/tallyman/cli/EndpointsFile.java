package io.tallyman.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.runtime.endpoints.Endpoints;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Objects;

/** The endpoints file of a data folder: the built-in one, with a webhook secret of its own. */
final class EndpointsFile {

  /** Standard Webhooks recommends 24 to 64 random bytes. */
  private static final int SECRET_BYTES = 32;

  private EndpointsFile() {}

  /** The file, made when it is not there; a user's changes stay. */
  static Path in(Path dataDir) {
    var file = dataDir.resolve("endpoints.yaml");
    if (!Files.exists(file)) {
      try (var builtIn = Endpoints.class.getResourceAsStream("/endpoints/default.yaml")) {
        var yaml = new String(Objects.requireNonNull(builtIn).readAllBytes(), UTF_8);
        Files.createDirectories(dataDir);
        Files.writeString(
            file,
            """
            %s    webhook:
                  secret: %s
            """
                .formatted(yaml, newSecret()));
      } catch (IOException e) {
        throw new UncheckedIOException("Expected to write " + file, e);
      }
    }
    return file;
  }

  private static String newSecret() {
    var key = new byte[SECRET_BYTES];
    new SecureRandom().nextBytes(key);
    return "whsec_" + Base64.getEncoder().encodeToString(key);
  }
}
