package io.tallyman.schemas.json;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.deser.std.StdDeserializer;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import io.tallyman.schemas.job.RawJson;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Lifts a JSON value out of its document, and puts it back, byte for byte. */
final class RawJsonFormat {

  /** Reader attribute that holds the document's bytes; offsets of the parser count in it. */
  static final Object DOCUMENT = RawJsonFormat.class;

  private RawJsonFormat() {}

  static final class Reader extends StdDeserializer<RawJson> {
    private static final long serialVersionUID = 1L;

    Reader() {
      super(RawJson.class);
    }

    @Override
    public RawJson deserialize(JsonParser parser, DeserializationContext context)
        throws IOException {
      var from = (int) parser.currentTokenLocation().getByteOffset();
      parser.skipChildren();
      // A text token is read lazily: without this, the parser still stands at its first quote.
      parser.finishToken();
      var to = (int) parser.currentLocation().getByteOffset();
      return RawJson.copyOf((byte[]) context.getAttribute(DOCUMENT), from, to);
    }

    @Override
    public RawJson getNullValue(DeserializationContext context) {
      return RawJson.NULL;
    }

    /** A member that is not there is not the value {@code null}. */
    @Override
    public @Nullable Object getAbsentValue(DeserializationContext context) {
      return null;
    }
  }

  /** Tells a value {@code null}, which is a payload, from no value. */
  static final class OptionalReader extends StdDeserializer<Optional<RawJson>> {
    private static final long serialVersionUID = 1L;
    private static final Reader READER = new Reader();

    OptionalReader() {
      super(Optional.class);
    }

    @Override
    public Optional<RawJson> deserialize(JsonParser parser, DeserializationContext context)
        throws IOException {
      return Optional.of(READER.deserialize(parser, context));
    }

    @Override
    public Optional<RawJson> getNullValue(DeserializationContext context) {
      return Optional.of(RawJson.NULL);
    }

    @Override
    public Object getAbsentValue(DeserializationContext context) {
      return Optional.empty();
    }
  }

  static final class Writer extends StdSerializer<RawJson> {
    private static final long serialVersionUID = 1L;

    Writer() {
      super(RawJson.class);
    }

    @Override
    public void serialize(RawJson value, JsonGenerator generator, SerializerProvider provider)
        throws IOException {
      generator.writeRawValue(value.toString());
    }
  }
}
