package io.tallyman.api;

import io.tallyman.runtime.CommonSettings;
import io.tallyman.runtime.Variable;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Settings of the api.
 *
 * @param common what every service reads
 * @param host address to listen on; {@code 0.0.0.0}: all
 * @param port to listen on; 0: any free one
 * @param apiKeyFile one API key per line; empty: no key is needed
 * @param idleTimeout how long a connection may be silent while it should send
 */
public record ApiSettings(
    CommonSettings common, String host, int port, Optional<Path> apiKeyFile, Duration idleTimeout) {

  public static final Variable<String> HOST =
      Variable.text(
          "TALLY_API_HOST",
          "0.0.0.0",
          "Address the api listens on; 0.0.0.0: all, 127.0.0.1: this machine alone");

  public static final Variable<Integer> PORT =
      Variable.number("TALLY_API_PORT", 8080, 0, 65_535, "Port of the api; 0: any free one");

  public static final Variable<Optional<Path>> API_KEY_FILE =
      Variable.path(
          "TALLY_API_KEY_FILE",
          "",
          "File with the API keys, one per line, # begins a comment; unset: no key is needed");

  public static final Variable<Duration> IDLE_TIMEOUT =
      Variable.duration(
          "TALLY_API_IDLE_TIMEOUT",
          "30s",
          "How long a connection may be silent while a request should come; then it is closed");

  /** Its own. */
  public static final List<Variable<?>> ALL = List.of(HOST, PORT, API_KEY_FILE, IDLE_TIMEOUT);

  /**
   * Reads them.
   *
   * @throws IllegalArgumentException when one is wrong; the message says which and why
   */
  public static ApiSettings from(Map<String, String> environment) {
    return new ApiSettings(
        CommonSettings.from(environment),
        HOST.from(environment),
        PORT.from(environment),
        API_KEY_FILE.from(environment),
        IDLE_TIMEOUT.from(environment));
  }
}
