package io.tallyman.runtime.endpoints;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.PropertyBindingException;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.tallyman.runtime.Variable;
import io.tallyman.runtime.endpoints.Endpoint.Limits;
import io.tallyman.schemas.job.EndpointName;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The endpoints of an installation, from its YAML file. Every mistake in the file is an {@link
 * IllegalArgumentException} that names the file, the place and what was expected.
 */
public final class Endpoints {

  private static final long DEFAULT_MEMORY = 256L << 20;
  private static final double DEFAULT_CPUS = 1.0;
  private static final int DEFAULT_PIDS = 128;
  private static final long DEFAULT_SCRATCH = 64L << 20;

  /** 20 MB: RunPod's largest result. */
  public static final long MAX_OUTPUT = 20_000_000;

  private static final long DEFAULT_LOG = 1L << 20;

  /** A key, as far as it can be told from other text. */
  private static final Pattern KEY = Pattern.compile("(whsec_|whsk_)[A-Za-z0-9+/=_-]*");

  private static final ObjectMapper YAML =
      YAMLMapper.builder(
              YAMLFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build())
          .enable(
              DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES,
              // YAML's "endpoints:" with nothing behind it.
              DeserializationFeature.ACCEPT_EMPTY_STRING_AS_NULL_OBJECT)
          .build();

  private final Map<EndpointName, Endpoint> byName;

  private Endpoints(Map<EndpointName, Endpoint> byName) {
    this.byName = Map.copyOf(byName);
  }

  /** The one endpoint {@code default}, which greets. */
  public static Endpoints builtIn() {
    try (var yaml = Endpoints.class.getResourceAsStream("/endpoints/default.yaml")) {
      return parse("default.yaml", Objects.requireNonNull(yaml).readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to read the built-in default.yaml", e);
    }
  }

  /** The endpoints of a file. */
  public static Endpoints read(Path file) {
    try {
      return parse(file.toString(), Files.readAllBytes(file));
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "Expected to read the endpoints file %s, but: %s".formatted(file, e), e);
    }
  }

  /**
   * The endpoints of a YAML text.
   *
   * @param origin how messages name the file
   */
  public static Endpoints parse(String origin, byte[] yaml) {
    @Nullable Document document;
    try {
      MappingIterator<Document> documents = YAML.readerFor(Document.class).readValues(yaml);
      document = documents.hasNextValue() ? documents.nextValue() : null;
    } catch (JsonProcessingException e) {
      // Without the cause, whose message quotes what it found.
      throw new IllegalArgumentException(
          "%s:%d: %s%s"
              .formatted(
                  origin,
                  e.getLocation() == null ? 0 : e.getLocation().getLineNr(),
                  KEY.matcher(place(e)).replaceAll("$1…"),
                  KEY.matcher(sentence(e)).replaceAll("$1…")));
    } catch (IOException e) {
      throw new UncheckedIOException("Expected to read bytes in memory, but failed", e);
    }
    if (document == null || document.endpoints == null || document.endpoints.isEmpty()) {
      throw new IllegalArgumentException(
          "%s: expected at least one endpoint under 'endpoints:'".formatted(origin));
    }
    var byName = new LinkedHashMap<EndpointName, Endpoint>();
    document.endpoints.forEach(
        (name, entry) -> {
          var where = "%s: endpoints.%s".formatted(origin, name);
          var endpoint = endpoint(where, name, entry);
          byName.put(endpoint.name(), endpoint);
        });
    return new Endpoints(byName);
  }

  /** The endpoint of that name, if it is served. */
  public Optional<Endpoint> named(EndpointName name) {
    return Optional.ofNullable(byName.get(name));
  }

  /** All names. */
  public Set<EndpointName> names() {
    return byName.keySet();
  }

  /** All of them. */
  public Collection<Endpoint> all() {
    return byName.values();
  }

  private static Endpoint endpoint(String where, String name, @Nullable Entry entry) {
    if (!EndpointName.isLegal(name)) {
      throw mistake(where, "expected a name of 1 to 63 characters a-z 0-9 -");
    }
    if (entry == null) {
      throw mistake(where, "expected 'image' and 'command'");
    }
    if (entry.kind != null && !entry.kind.equals("task")) {
      throw mistake(where + ".kind", "expected 'task', but got '%s'".formatted(entry.kind));
    }
    if (entry.image == null || entry.image.isBlank()) {
      throw mistake(where + ".image", "expected the name of an image, such as busybox:latest");
    }
    if (entry.command == null || entry.command.isEmpty()) {
      throw mistake(where + ".command", "expected a list of arguments, such as [sh, -c, 'echo 1']");
    }
    return new Endpoint(
        new EndpointName(name),
        entry.image,
        entry.command,
        Objects.requireNonNullElse(entry.environment, Map.of()),
        limits(where + ".limits", Objects.requireNonNullElseGet(entry.limits, LimitsEntry::empty)),
        WebhookRules.read(
            where + ".webhook", Objects.requireNonNullElseGet(entry.webhook, WebhookEntry::empty)));
  }

  private static Limits limits(String where, LimitsEntry entry) {
    var cpus = Objects.requireNonNullElse(entry.cpus, DEFAULT_CPUS);
    if (!(cpus > 0 && cpus <= 1024)) {
      throw mistake(where + ".cpus", "expected a number above 0 and at most 1024");
    }
    var pids = Objects.requireNonNullElse(entry.pids, DEFAULT_PIDS);
    if (pids < 1) {
      throw mistake(where + ".pids", "expected a whole number of at least 1");
    }
    var output = size(where + ".output", entry.output, MAX_OUTPUT);
    if (output > MAX_OUTPUT) {
      throw mistake(where + ".output", "expected at most 20MB, RunPod's largest result");
    }
    return new Limits(
        size(where + ".memory", entry.memory, DEFAULT_MEMORY),
        cpus,
        pids,
        size(where + ".scratch", entry.scratch, DEFAULT_SCRATCH),
        output,
        size(where + ".log", entry.log, DEFAULT_LOG),
        Objects.requireNonNullElse(entry.network, false));
  }

  private static long size(String where, @Nullable String text, long fallback) {
    return parsed(where, text, fallback, Variable::parseSize);
  }

  /** The duration of an entry, or what stands without one. */
  static Duration duration(String where, @Nullable String text, Duration fallback) {
    return parsed(where, text, fallback, Variable::parseDuration);
  }

  /** The value of an entry, or what stands without one. */
  static <T> T parsed(String where, @Nullable String text, T fallback, Function<String, T> parse) {
    try {
      return text == null ? fallback : parse.apply(text);
    } catch (IllegalArgumentException e) {
      throw mistake(where, "%s, but got '%s'".formatted(e.getMessage(), text));
    }
  }

  /** Of a value of the wrong kind, the kind alone: the value may be a key. */
  private static String sentence(JsonProcessingException e) {
    if (!(e instanceof MismatchedInputException mismatch)
        || e instanceof PropertyBindingException) {
      return e.getOriginalMessage().lines().findFirst().orElse("unreadable");
    }
    var type = mismatch.getTargetType();
    var expected =
        type == String.class
            ? "text"
            : type == Integer.class || type == Double.class
                ? "a number"
                : type == Boolean.class
                    ? "true or false"
                    : type != null && Collection.class.isAssignableFrom(type)
                        ? "a list"
                        : "members under it";
    return "expected %s, but got something else".formatted(expected);
  }

  private static String place(JsonProcessingException e) {
    return e instanceof JsonMappingException mapping && !mapping.getPath().isEmpty()
        ? mapping.getPath().stream()
                .map(JsonMappingException.Reference::getFieldName)
                .filter(Objects::nonNull)
                .collect(Collectors.joining("."))
            + ": "
        : "";
  }

  /** What is wrong, and where. */
  static IllegalArgumentException mistake(String where, String what) {
    return new IllegalArgumentException(where + ": " + what);
  }

  /** The file as written. */
  private record Document(@JsonProperty("endpoints") @Nullable Map<String, Entry> endpoints) {}

  private record Entry(
      @JsonProperty("kind") @Nullable String kind,
      @JsonProperty("image") @Nullable String image,
      @JsonProperty("command") @Nullable List<String> command,
      @JsonProperty("environment") @Nullable Map<String, String> environment,
      @JsonProperty("limits") @Nullable LimitsEntry limits,
      @JsonProperty("webhook") @Nullable WebhookEntry webhook) {}

  private record LimitsEntry(
      @JsonProperty("memory") @Nullable String memory,
      @JsonProperty("cpus") @Nullable Double cpus,
      @JsonProperty("pids") @Nullable Integer pids,
      @JsonProperty("scratch") @Nullable String scratch,
      @JsonProperty("output") @Nullable String output,
      @JsonProperty("log") @Nullable String log,
      @JsonProperty("network") @Nullable Boolean network) {

    static LimitsEntry empty() {
      return new LimitsEntry(null, null, null, null, null, null, null);
    }
  }

  /** How receivers are told, as written; {@link WebhookRules} reads it. */
  record WebhookEntry(
      @JsonProperty("secret") @Nullable String secret,
      @JsonProperty("secretFile") @Nullable String secretFile,
      @JsonProperty("oldSecrets") @Nullable List<OldSecretEntry> oldSecrets,
      @JsonProperty("namedSecrets") @Nullable Map<String, @Nullable SecretEntry> namedSecrets,
      @JsonProperty("attempts") @Nullable Integer attempts,
      @JsonProperty("delay") @Nullable String delay,
      @JsonProperty("delays") @Nullable List<String> delays,
      @JsonProperty("deadline") @Nullable String deadline,
      @JsonProperty("success") @Nullable String success,
      @JsonProperty("events") @Nullable List<String> events,
      @JsonProperty("coalesce") @Nullable Boolean coalesce,
      @JsonProperty("rate") @Nullable Integer rate) {

    static WebhookEntry empty() {
      return new WebhookEntry(
          null, null, null, null, null, null, null, null, null, null, null, null);
    }

    /** What signs where a job names no secret. */
    SecretEntry own() {
      return new SecretEntry(secret, secretFile, oldSecrets);
    }
  }

  /** A key and those it replaces, as written. */
  record SecretEntry(
      @JsonProperty("secret") @Nullable String secret,
      @JsonProperty("secretFile") @Nullable String secretFile,
      @JsonProperty("oldSecrets") @Nullable List<OldSecretEntry> oldSecrets) {}

  /** A key that is being replaced, as written. */
  record OldSecretEntry(
      @JsonProperty("secret") @Nullable String secret,
      @JsonProperty("secretFile") @Nullable String secretFile,
      @JsonProperty("until") @Nullable String until) {}
}
