package io.tallyman.schemas.json;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import io.tallyman.schemas.MessageTypes;
import io.tallyman.schemas.Topics;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobStatus;
import io.tallyman.schemas.job.JobView;
import io.tallyman.schemas.job.RawJson;
import io.tallyman.schemas.job.RunnerId;
import io.tallyman.schemas.job.SecretName;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Function;

/**
 * The one JSON codec. Records become objects with the components' names; ids and URIs become text,
 * instants ISO-8601 text, durations integer milliseconds; an empty {@code Optional} is left out;
 * {@link RawJson} passes byte for byte. Unknown members are skipped, so that a newer writer may add
 * some; a missing one that the record needs is an error.
 */
public final class MessageCodec {

  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  // The default keeps buffers per thread, and a virtual one never comes again.
                  .recyclerPool(JsonRecyclerPools.sharedConcurrentDequePool())
                  .streamReadConstraints(
                      // Payloads were checked at the door; here only the record size bounds them.
                      StreamReadConstraints.builder()
                          .maxStringLength(Topics.MAX_RECORD_BYTES)
                          .maxNumberLength(Topics.MAX_RECORD_BYTES)
                          .build())
                  .build())
          .addModule(new Jdk8Module())
          .addModule(wireFormats())
          .addMixIn(JobEvent.class, JobEventMixIn.class)
          .addMixIn(JobView.class, JobViewMixIn.class)
          .defaultPropertyInclusion(
              JsonInclude.Value.construct(
                  JsonInclude.Include.NON_ABSENT, JsonInclude.Include.NON_ABSENT))
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(
              DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES,
              DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .build();

  private MessageCodec() {}

  /** The JSON of a record of {@code schemas}, UTF-8. */
  public static byte[] encode(Object message) {
    try {
      return MAPPER.writeValueAsBytes(message);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException("Expected a record that can be written as JSON", e);
    }
  }

  /**
   * The message of a {@code ce_type}.
   *
   * @throws MalformedMessage when this version does not know the type, or the bytes are not it
   */
  public static Object decode(String ceType, byte[] json) throws MalformedMessage {
    var type =
        MessageTypes.named(ceType)
            .orElseThrow(
                () ->
                    new MalformedMessage(
                        "Expected a message type of this version, but got '%s'"
                            .formatted(ceType.substring(0, Math.min(100, ceType.length())))));
    return decode(type.record(), json);
  }

  /**
   * A record of {@code schemas}, or of its user, from its JSON.
   *
   * @throws MalformedMessage when the bytes are not it
   */
  public static <T> T decode(Class<T> record, byte[] json) throws MalformedMessage {
    try {
      T value =
          MAPPER.readerFor(record).withAttribute(RawJsonFormat.DOCUMENT, json).readValue(json);
      if (value == null) {
        throw new MalformedMessage(
            "Expected JSON of a %s, but got null".formatted(record.getSimpleName()));
      }
      return value;
    } catch (JsonProcessingException e) {
      throw new MalformedMessage(
          "Expected JSON of a %s, but %s".formatted(record.getSimpleName(), firstLine(e)), e);
    } catch (IOException e) {
      // Of bytes in memory: text that is not UTF-8 is one, which Jackson tells so.
      throw new MalformedMessage(
          "Expected JSON of a %s, but its bytes are no text".formatted(record.getSimpleName()), e);
    }
  }

  /** Jackson's sentence without the source excerpt: payloads do not belong in logs. */
  private static String firstLine(JsonProcessingException e) {
    var location = e.getLocation();
    var at =
        location == null
            ? ""
            : " at line %d, column %d".formatted(location.getLineNr(), location.getColumnNr());
    var sentence = e.getOriginalMessage().lines().findFirst().orElse("unreadable");
    return sentence.substring(0, Math.min(200, sentence.length())) + at;
  }

  private static SimpleModule wireFormats() {
    var module = new SimpleModule();
    text(module, JobId.class, JobId::value, JobId::new);
    text(module, EndpointName.class, EndpointName::value, EndpointName::new);
    text(module, RunnerId.class, RunnerId::value, RunnerId::new);
    text(module, SecretName.class, SecretName::value, SecretName::new);
    text(module, URI.class, URI::toString, URI::create);
    text(module, Instant.class, Instant::toString, Instant::parse);
    module.addSerializer(Duration.class, new MillisWriter());
    module.addDeserializer(Duration.class, new MillisReader());
    module.addSerializer(RawJson.class, new RawJsonFormat.Writer());
    module.addDeserializer(RawJson.class, new RawJsonFormat.Reader());
    return module;
  }

  private static <T> void text(
      SimpleModule module, Class<T> type, Function<T, String> write, Function<String, T> read) {
    module.addSerializer(
        type,
        new JsonSerializer<>() {
          @Override
          public void serialize(T value, JsonGenerator generator, SerializerProvider provider)
              throws IOException {
            generator.writeString(write.apply(value));
          }
        });
    module.addDeserializer(
        type,
        new JsonDeserializer<>() {
          @Override
          public T deserialize(JsonParser parser, DeserializationContext context)
              throws IOException {
            var text = parser.getValueAsString();
            try {
              return read.apply(text == null ? "" : text);
            } catch (RuntimeException e) {
              throw context.weirdStringException(
                  "", type, e.getMessage() == null ? "illegal text" : e.getMessage());
            }
          }
        });
  }

  private static final class MillisWriter extends JsonSerializer<Duration> {
    @Override
    public void serialize(Duration value, JsonGenerator generator, SerializerProvider provider)
        throws IOException {
      generator.writeNumber(value.toMillis());
    }
  }

  private static final class MillisReader extends JsonDeserializer<Duration> {
    @Override
    public Duration deserialize(JsonParser parser, DeserializationContext context)
        throws IOException {
      return Duration.ofMillis(parser.getLongValue());
    }
  }

  /** Writes the state beside the facts; reading skips it, because the type already tells it. */
  private interface JobEventMixIn {
    @JsonProperty(access = JsonProperty.Access.READ_ONLY)
    JobStatus status();
  }

  @SuppressWarnings("UnusedMethod") // Jackson reads the annotation.
  private interface JobViewMixIn {
    @JsonDeserialize(using = RawJsonFormat.OptionalReader.class)
    Optional<RawJson> output();
  }
}
