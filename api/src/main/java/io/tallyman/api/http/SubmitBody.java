package io.tallyman.api.http;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import io.tallyman.api.http.Problem.Place;
import io.tallyman.runtime.net.AddressPolicy;
import io.tallyman.runtime.net.ReceiverUrl;
import io.tallyman.schemas.job.Policy;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.schemas.job.SecretName;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * The body of {@code /run} and {@code /runsync}, read strictly: one JSON object, no key twice at
 * any depth, nothing behind it. {@code input} is lifted out byte for byte. Unknown members are
 * skipped: RunPod's own examples send some. Of {@code webhookV2} (or {@code webhookv2}) and {@code
 * webhook} the former wins; {@code null} stands for absent in all but {@code input}. What is given
 * as {@code webhookSecretName} is never repeated: it may be the secret.
 */
final class SubmitBody {

  private final byte[] bytes;
  private final AddressPolicy addresses;
  private final Set<SecretName> secrets;
  private final JsonParser parser;
  private final List<Place> places = new ArrayList<>();

  private Optional<RawJson> input = Optional.empty();
  private Optional<URI> webhook = Optional.empty();
  private Optional<URI> webhookV2 = Optional.empty();
  private Optional<SecretName> webhookSecretName = Optional.empty();
  private long executionTimeout = Policy.DEFAULT_TIMEOUT_MS;
  private long ttl = Policy.DEFAULT_TTL_MS;
  private boolean lowPriority;

  private SubmitBody(byte[] bytes, AddressPolicy addresses, Set<SecretName> secrets)
      throws IOException {
    this.bytes = bytes;
    this.addresses = addresses;
    this.secrets = secrets;
    this.parser = StrictJson.parser(bytes);
  }

  /**
   * What a submitter asks for.
   *
   * @param input as it came
   */
  record Parsed(
      RawJson input,
      Policy policy,
      Optional<URI> webhook,
      Optional<SecretName> webhookSecretName) {}

  /**
   * Reads a body. A byte order mark in front is skipped.
   *
   * @param addresses where a webhook may lead; names are not looked up, the dispatcher does that
   *     when it connects
   * @param secrets that the endpoint has
   * @throws Refusal 400, with each wrong place
   */
  static Parsed parse(byte[] body, AddressPolicy addresses, Set<SecretName> secrets) {
    if (StrictJson.isBlank(body)) {
      throw Refusal.of(
          400,
          "body-required",
          "Expected a JSON object with 'input', but the body is empty. Send {\"input\": {...}}");
    }
    var bytes = StrictJson.checked(body);
    try {
      var reader = new SubmitBody(bytes, addresses, secrets);
      try (var parser = reader.parser) {
        return reader.parsed(parser);
      } catch (JsonProcessingException e) {
        throw StrictJson.unreadable(e, reader.parser);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to read bytes in memory, but failed", e);
    }
  }

  private Parsed parsed(JsonParser parser) throws IOException {
    if (parser.nextToken() != JsonToken.START_OBJECT) {
      throw StrictJson.notAnObject(parser);
    }
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      member(parser.currentName(), parser.nextToken());
    }
    StrictJson.requireEnd(parser);
    if (input.isEmpty()) {
      places.add(new Place("/input", "Expected 'input', any JSON value, but it is missing"));
    }
    var receiver = webhookV2.or(() -> webhook);
    if (webhookSecretName.isPresent()
        && receiver.isEmpty()
        && places.stream().noneMatch(place -> place.pointer().startsWith("/webhook"))) {
      places.add(
          new Place(
              "/webhookSecretName",
              "Expected 'webhookSecretName' beside a 'webhook' to sign, but there is none"));
    }
    if (!places.isEmpty()) {
      throw new Refusal(
          400,
          "invalid-request",
          String.join(". ", places.stream().map(Place::detail).toList()),
          places,
          Map.of());
    }
    return new Parsed(
        input.orElseThrow(),
        new Policy(Duration.ofMillis(executionTimeout), Duration.ofMillis(ttl), lowPriority),
        receiver,
        webhookSecretName);
  }

  private void member(String name, JsonToken token) throws IOException {
    switch (name) {
      case "input" -> input = Optional.of(raw());
      case "webhook" -> webhook = url("/webhook", token);
      case "webhookV2", "webhookv2" -> webhookV2 = url("/" + name, token).or(() -> webhookV2);
      case "webhookSecretName" -> webhookSecretName = secretName(token);
      case "policy" -> policy(token);
      default -> parser.skipChildren();
    }
  }

  private RawJson raw() throws IOException {
    var from = (int) parser.currentTokenLocation().getByteOffset();
    parser.skipChildren();
    // Text is read lazily: without this, the parser still stands at its first quote.
    parser.finishToken();
    var to = (int) parser.currentLocation().getByteOffset();
    return RawJson.copyOf(bytes, from, to);
  }

  private void policy(JsonToken token) throws IOException {
    if (token == JsonToken.VALUE_NULL) {
      return;
    }
    if (token != JsonToken.START_OBJECT) {
      parser.skipChildren();
      places.add(
          new Place(
              "/policy",
              "Expected 'policy' to be an object, but got " + StrictJson.describe(token)));
      return;
    }
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      var name = parser.currentName();
      var value = parser.nextToken();
      switch (name) {
        case "executionTimeout" ->
            executionTimeout =
                millis(name, value, Policy.MIN_TIMEOUT_MS).orElse(Policy.DEFAULT_TIMEOUT_MS);
        case "ttl" -> ttl = millis(name, value, Policy.MIN_TTL_MS).orElse(Policy.DEFAULT_TTL_MS);
        case "lowPriority" -> lowPriority = flag(name, value);
        default -> parser.skipChildren();
      }
    }
  }

  private OptionalLong millis(String name, JsonToken token, long least) throws IOException {
    if (token == JsonToken.VALUE_NULL) {
      return OptionalLong.empty();
    }
    if (token == JsonToken.VALUE_NUMBER_INT
        && parser.getNumberType() != JsonParser.NumberType.BIG_INTEGER
        && parser.getLongValue() >= least
        && parser.getLongValue() <= Policy.MAX_MS) {
      return OptionalLong.of(parser.getLongValue());
    }
    parser.skipChildren();
    places.add(
        new Place(
            "/policy/" + name,
            "Expected 'policy.%s' to be a whole number of milliseconds from %d to %d, but got %s"
                .formatted(
                    name,
                    least,
                    Policy.MAX_MS,
                    token.isNumeric() ? "another number" : StrictJson.describe(token))));
    return OptionalLong.empty();
  }

  private boolean flag(String name, JsonToken token) throws IOException {
    if (token == JsonToken.VALUE_TRUE) {
      return true;
    }
    if (token != JsonToken.VALUE_FALSE && token != JsonToken.VALUE_NULL) {
      parser.skipChildren();
      places.add(
          new Place(
              "/policy/" + name,
              "Expected 'policy.%s' to be true or false, but got %s"
                  .formatted(name, StrictJson.describe(token))));
    }
    return false;
  }

  private Optional<URI> url(String pointer, JsonToken token) throws IOException {
    if (token == JsonToken.VALUE_NULL) {
      return Optional.empty();
    }
    if (!isText(pointer, token)) {
      return Optional.empty();
    }
    var mistake = ReceiverUrl.mistakeIn(parser.getText(), addresses);
    if (mistake.isPresent()) {
      places.add(
          new Place(
              pointer, "Expected '%s' to be %s".formatted(pointer.substring(1), mistake.get())));
      return Optional.empty();
    }
    return Optional.of(URI.create(parser.getText()));
  }

  private Optional<SecretName> secretName(JsonToken token) throws IOException {
    var pointer = "/webhookSecretName";
    if (token == JsonToken.VALUE_NULL || !isText(pointer, token)) {
      return Optional.empty();
    }
    var name =
        Optional.of(parser.getText())
            .filter(SecretName::isLegal)
            .map(SecretName::new)
            .filter(secrets::contains);
    if (name.isEmpty()) {
      places.add(
          new Place(
              pointer,
              "Expected 'webhookSecretName' to name a webhook secret of this endpoint, but it has"
                  + " none of that name. They are defined in the file that TALLY_ENDPOINTS_FILE"
                  + " names, under 'namedSecrets'"));
    }
    return name;
  }

  private boolean isText(String pointer, JsonToken token) throws IOException {
    if (token == JsonToken.VALUE_STRING) {
      return true;
    }
    parser.skipChildren();
    places.add(
        new Place(
            pointer,
            "Expected '%s' to be text, but got %s"
                .formatted(pointer.substring(1), StrictJson.describe(token))));
    return false;
  }
}
