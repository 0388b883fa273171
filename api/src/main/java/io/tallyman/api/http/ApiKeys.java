package io.tallyman.api.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tallyman.api.jobs.Credential;
import io.tallyman.api.jobs.JobIds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The keys that open the API. Only their SHA-256 digests are kept, and they are compared without
 * telling by time how much of a key was right.
 */
public final class ApiKeys {

  private static final String SCHEME = "bearer ";

  private final Optional<List<byte[]>> digests;

  private ApiKeys(Optional<List<byte[]>> digests) {
    this.digests = digests;
  }

  /** Everybody may do everything. */
  public static ApiKeys none() {
    return new ApiKeys(Optional.empty());
  }

  /**
   * The keys of a file, one per line; blank lines and lines that begin with {@code #} are skipped.
   *
   * @throws IllegalArgumentException when it cannot be read, or has no key
   */
  public static ApiKeys read(Path file) {
    try {
      var digests =
          Files.readAllLines(file).stream()
              .map(String::strip)
              .filter(line -> !line.isEmpty() && !line.startsWith("#"))
              .map(ApiKeys::digest)
              .toList();
      if (digests.isEmpty()) {
        throw new IllegalArgumentException(
            "Expected a key in %s, one per line, but there is none: nobody could call"
                .formatted(file));
      }
      return new ApiKeys(Optional.of(digests));
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "Expected to read the API keys from %s, but: %s".formatted(file, e), e);
    }
  }

  /** Whether a key is asked for. */
  public boolean areRequired() {
    return digests.isPresent();
  }

  /**
   * Who asks; empty: nobody we know.
   *
   * @param authorization {@code Bearer KEY}, in any case, or {@code KEY} alone
   */
  Optional<Credential> credential(@Nullable String authorization) {
    if (digests.isEmpty()) {
      return Optional.of(Credential.ANONYMOUS);
    }
    if (authorization == null) {
      return Optional.empty();
    }
    var text = authorization.strip();
    var key =
        text.toLowerCase(Locale.ROOT).startsWith(SCHEME)
            ? text.substring(SCHEME.length()).strip()
            : text;
    var digest = digest(key);
    var matches = 0;
    for (var known : digests.get()) {
      matches += MessageDigest.isEqual(known, digest) ? 1 : 0;
    }
    return matches > 0 ? Optional.of(new Credential(new String(digest, UTF_8))) : Optional.empty();
  }

  private static byte[] digest(String key) {
    return JobIds.fingerprint(key.getBytes(UTF_8)).getBytes(UTF_8);
  }
}
