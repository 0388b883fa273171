package io.tallyman.schemas;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import io.tallyman.schemas.Goldens.Published;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.RawJson;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The schema files say of each record what its components are, no more and no less. */
class SchemaFilesTest {

  @ParameterizedTest
  @MethodSource("published")
  void shouldBeASchemaOfDraft202012(Published type) {
    var metaSchema =
        SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
            .getSchema(
                com.networknt.schema.SchemaLocation.of(
                    SpecificationVersion.DRAFT_2020_12.getDialectId()));

    assertThat(metaSchema.validate(type.schemaDocument().toString(), InputFormat.JSON)).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("published")
  void shouldNameItself(Published type) {
    var schema = type.schemaDocument();

    assertThat(schema.path("$schema").asText())
        .isEqualTo(SpecificationVersion.DRAFT_2020_12.getDialectId());
    assertThat(schema.path("$id").asText()).isEqualTo("urn:tallyman:schema:" + type.name());
    assertThat(schema.path("title").asText()).isEqualTo(type.record().getSimpleName());
  }

  @ParameterizedTest
  @MethodSource("published")
  void shouldDescribeExactlyTheComponentsOfTheRecord(Published type) {
    describesRecord(type.name(), type.schemaDocument(), type.record());
  }

  static Stream<Published> published() {
    return Goldens.published();
  }

  private static void describesRecord(String where, JsonNode schema, Class<?> record) {
    assertThat(schema.path("description").asText()).as(where).endsWith(".");
    assertThat(schema.path("type").asText()).as(where).isEqualTo("object");
    assertThat(schema.path("additionalProperties").asBoolean()).as(where).isTrue();
    var names = new TreeSet<String>();
    var required = new TreeSet<String>();
    for (var component : record.getRecordComponents()) {
      names.add(component.getName());
      var property = schema.path("properties").path(component.getName());
      if (component.getType() == Optional.class) {
        var value = ((ParameterizedType) component.getGenericType()).getActualTypeArguments()[0];
        describes(where + "/" + component.getName(), property, value);
      } else {
        required.add(component.getName());
        describes(where + "/" + component.getName(), property, component.getGenericType());
      }
    }
    if (JobEvent.class.isAssignableFrom(record)) {
      names.add("status");
      required.add("status");
    }
    assertThat(namesOf(schema.path("properties"))).as(where).isEqualTo(names);
    var declared = new TreeSet<String>();
    schema.path("required").forEach(name -> declared.add(name.asText()));
    assertThat(declared).as(where).isEqualTo(required);
  }

  private static void describes(String where, JsonNode property, Type type) {
    assertThat(property.path("description").asText()).as(where).matches("(?s).{8,}(\\.|…)");
    if (type instanceof ParameterizedType list) {
      assertThat(list.getRawType()).as(where).isEqualTo(List.class);
      describesRecord(
          where + "/items", property.path("items"), (Class<?>) list.getActualTypeArguments()[0]);
      return;
    }
    var valueClass = (Class<?>) type;
    if (valueClass == RawJson.class) {
      assertThat(namesOf(property)).as(where).containsExactly("description");
    } else if (valueClass.isEnum()) {
      var values = property.path("enum").valueStream().map(JsonNode::asText).toList();
      assertThat(values)
          .as(where)
          .isEqualTo(Arrays.stream(valueClass.getEnumConstants()).map(Object::toString).toList());
    } else if (valueClass == Duration.class) {
      assertThat(property.path("type").asText()).as(where).isEqualTo("integer");
      assertThat(property.path("description").asText()).as(where).endsWith("In milliseconds.");
    } else if (valueClass == Instant.class) {
      assertThat(property.path("format").asText()).as(where).isEqualTo("date-time");
    } else if (valueClass == URI.class) {
      assertThat(property.path("format").asText()).as(where).isEqualTo("uri");
    } else if (valueClass == boolean.class) {
      assertThat(property.path("type").asText()).as(where).isEqualTo("boolean");
    } else if (valueClass.isPrimitive() || valueClass == Integer.class) {
      assertThat(property.path("type").asText()).as(where).isEqualTo("integer");
    } else if (isText(valueClass)) {
      assertThat(property.path("type").asText()).as(where).isEqualTo("string");
    } else {
      describesRecord(where, property, valueClass);
    }
  }

  /** Text, or a record around one text, such as a job id. */
  private static boolean isText(Class<?> type) {
    return type == String.class
        || (type.isRecord()
            && type.getRecordComponents().length == 1
            && type.getRecordComponents()[0].getType() == String.class);
  }

  private static Set<String> namesOf(JsonNode object) {
    var names = new TreeSet<String>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }
}
