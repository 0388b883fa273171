package io.tallyman.schemas;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.SoftAssertions.assertSoftly;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tallyman.schemas.Goldens.Golden;
import io.tallyman.schemas.Goldens.Published;
import io.tallyman.schemas.job.JobCommand.Submit;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobEvent.JobQueued;
import io.tallyman.schemas.job.JobEvent.JobStarted;
import io.tallyman.schemas.job.SecretName;
import io.tallyman.schemas.json.MalformedMessage;
import io.tallyman.schemas.json.MessageCodec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is on the wire stays as it is: the golden messages, the codec and the schemas agree. */
class GoldenMessagesTest {

  /** What no other golden shows: a member instead of another one, a member within a member. */
  private static final Set<String> MORE =
      Set.of(
          "job.view.v1.failed.json",
          "command.submit.v1.secret.json",
          "job.queued.v1.secret.json",
          "job.started.v1.secret.json");

  @ParameterizedTest
  @MethodSource("goldens")
  void shouldWriteTheGoldenBytesAgainWhenTheyWereRead(Golden golden) throws MalformedMessage {
    // when
    var message = MessageCodec.decode(golden.type().record(), golden.json());

    // then
    assertThat(new String(MessageCodec.encode(message), UTF_8)).isEqualTo(golden.text());
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void shouldValidateAgainstItsSchema(Golden golden) {
    assertThat(Goldens.validate(golden.type(), golden.json())).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void shouldRefuseAMessageThatLacksARequiredMember(Golden golden) {
    var places = new ArrayList<Place>();
    required("", golden.type().schemaDocument(), Goldens.parse(golden.json()), places);

    assertThat(places).isNotEmpty();
    assertSoftly(
        softly -> {
          for (var place : places) {
            // given
            var root = Goldens.parse(golden.json());
            ((ObjectNode) root.at(place.parent())).remove(place.member());
            var json = root.toString().getBytes(UTF_8);

            // then
            softly
                .assertThat(Goldens.validate(golden.type(), json))
                .as("schema errors without %s", place)
                .isNotEmpty();
            if (!isDerived(golden.type(), place)) {
              softly
                  .assertThatCode(() -> MessageCodec.decode(golden.type().record(), json))
                  .as("reading without %s", place)
                  .isInstanceOf(MalformedMessage.class);
            }
          }
        });
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void shouldFoldAMessageWithMembersThatANewerWriterAdded(Golden golden) throws MalformedMessage {
    // given
    var root = Goldens.parse(golden.json());
    var known = MessageCodec.decode(golden.type().record(), root.toString().getBytes(UTF_8));
    addMembers(golden.type().schemaDocument(), root);
    var json = root.toString().getBytes(UTF_8);

    // when
    var message = MessageCodec.decode(golden.type().record(), json);

    // then
    assertThat(Goldens.validate(golden.type(), json)).isEmpty();
    assertThat(message).isEqualTo(known);
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void shouldShowEveryMemberOfItsSchema(Golden golden) {
    var document = golden.type().schemaDocument();
    var message = Goldens.parse(golden.json());
    var members = new TreeSet<String>();
    message.fieldNames().forEachRemaining(members::add);
    var expected = new TreeSet<String>();
    if (golden.variant().equals(".full")) {
      document.get("properties").fieldNames().forEachRemaining(expected::add);
      if (golden.type().name().equals("job.view.v1")) {
        expected.remove("error"); // It is there only when there is no output.
      }
    } else if (golden.variant().isEmpty()) {
      document.get("required").forEach(name -> expected.add(name.asText()));
    } else {
      return;
    }
    assertThat(members).isEqualTo(expected);
  }

  @Test
  void shouldHaveTheGoldenMessagesOfEveryTypeAndNoOther() {
    var expected =
        Goldens.published()
            .flatMap(
                type ->
                    hasOptional(type.schemaDocument())
                        ? Stream.of(type.name() + ".full.json", type.name() + ".json")
                        : Stream.of(type.name() + ".json"))
            .toList();

    assertThat(Goldens.files())
        .filteredOn(file -> !MORE.contains(file))
        .containsExactlyInAnyOrderElementsOf(expected);
  }

  @Test
  void shouldNameTheSecretThatAJobsWebhooksAreSignedWith() throws MalformedMessage {
    var name = Optional.of(new SecretName("customer-a"));
    assertThat(golden("command.submit.v1", Submit.class).request().webhookSecretName())
        .isEqualTo(name);
    var queued = golden("job.queued.v1", JobQueued.class);
    assertThat(queued.request().webhookSecretName()).isEqualTo(name);
    assertThat(queued.meta().webhookSecretName()).isEqualTo(name);
    assertThat(golden("job.started.v1", JobStarted.class).meta().webhookSecretName())
        .isEqualTo(name);
  }

  private static <T> T golden(String type, Class<T> record) throws MalformedMessage {
    var golden =
        goldens()
            .filter(it -> it.type().name().equals(type) && it.variant().equals(".secret"))
            .findFirst()
            .orElseThrow();
    return MessageCodec.decode(record, golden.json());
  }

  static Stream<Golden> goldens() {
    return Goldens.all();
  }

  /** The state in an event's JSON is for readers' comfort; the codec knows it from the type. */
  private static boolean isDerived(Published type, Place place) {
    return JobEvent.class.isAssignableFrom(type.record()) && place.equals(new Place("", "status"));
  }

  private static boolean hasOptional(JsonNode schema) {
    var properties = schema.path("properties");
    return properties.size() > schema.path("required").size()
        || properties.valueStream().anyMatch(GoldenMessagesTest::hasOptional);
  }

  /** Into every object that has a form of its own; payloads have none. */
  private static void addMembers(JsonNode schema, JsonNode message) {
    if (schema.has("properties") && message instanceof ObjectNode object) {
      schema
          .get("properties")
          .properties()
          .forEach(property -> addMembers(property.getValue(), object.path(property.getKey())));
      object.putObject("addedLater").put("x", 1);
    }
    if (schema.has("items")) {
      message.forEach(item -> addMembers(schema.get("items"), item));
    }
  }

  private static void required(
      String pointer, JsonNode schema, JsonNode message, List<Place> places) {
    for (var name : schema.path("required")) {
      places.add(new Place(pointer, name.asText()));
    }
    for (var property : schema.path("properties").properties()) {
      var value = message.path(property.getKey());
      if (value.isArray()) {
        for (int i = 0; i < value.size(); i++) {
          required(
              "%s/%s/%d".formatted(pointer, property.getKey(), i),
              property.getValue().path("items"),
              value.get(i),
              places);
        }
      } else if (value.isObject()) {
        required(pointer + "/" + property.getKey(), property.getValue(), value, places);
      }
    }
  }

  private record Place(String parent, String member) {
    @Override
    public String toString() {
      return parent + "/" + member;
    }
  }
}
