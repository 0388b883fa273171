package io.tallyman.api.http;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Optional;

/**
 * What a webhook URL must be like. Where it leads is not looked at here: names resolve anew at each
 * delivery, so the dispatcher checks addresses when it connects.
 */
final class WebhookUrl {

  private WebhookUrl() {}

  /** What was expected and what came, such as {@code an http or https URL, but …}; empty: fine. */
  static Optional<String> mistakeIn(String text) {
    if (text.length() > SubmitBody.MAX_URL) {
      return Optional.of(
          "a URL of at most %d characters, but it is longer".formatted(SubmitBody.MAX_URL));
    }
    URI url;
    try {
      url = new URI(text).parseServerAuthority();
    } catch (URISyntaxException e) {
      return Optional.of("an absolute http or https URL, but it is no URL: " + e.getReason());
    }
    if (!"http".equalsIgnoreCase(url.getScheme()) && !"https".equalsIgnoreCase(url.getScheme())) {
      return Optional.of("an absolute http or https URL, but its scheme is another or missing");
    }
    if (url.getHost() == null || url.getHost().isEmpty()) {
      return Optional.of("a URL with a host, but there is none (letters beyond ASCII: use xn--)");
    }
    if (url.getRawUserInfo() != null) {
      return Optional.of(
          "a URL without user and password, but it has some. Receivers know us by the signature");
    }
    if (url.getPort() == 0 || url.getPort() > 65_535) {
      return Optional.of("a URL with a port from 1 to 65535, but it has another");
    }
    return Optional.empty();
  }
}
