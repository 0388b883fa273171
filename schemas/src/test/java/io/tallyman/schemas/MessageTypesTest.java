package io.tallyman.schemas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tallyman.schemas.MessageTypes.MessageType;
import io.tallyman.schemas.Topics.Topic;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobCommand;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.RunnerControl;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class MessageTypesTest {

  @ParameterizedTest
  @MethodSource("carried")
  void shouldHoldEveryMessageThatATopicCarries(Class<?> record) {
    assertThat(record).isRecord();
    assertThat(MessageTypes.ALL).extracting(MessageType::record).contains(record);
  }

  @Test
  void shouldHoldNothingThatNoTopicCarries() {
    assertThat(MessageTypes.ALL)
        .extracting(MessageType::record)
        .containsExactlyInAnyOrderElementsOf(carried().toList());
  }

  @Test
  void shouldGiveEachMessageOneNameOfItsOwn() {
    assertThat(MessageTypes.ALL).extracting(MessageType::name).doesNotHaveDuplicates();
    assertThat(MessageTypes.ALL).extracting(MessageType::record).doesNotHaveDuplicates();
    assertThat(MessageTypes.ALL)
        .extracting(MessageType::name)
        .allMatch(name -> name.matches("io\\.tallyman\\.[a-z]+\\.[a-z-]+\\.v[1-9][0-9]*"));
  }

  @Test
  void shouldFindARowByNameAndByMessage() {
    for (var type : MessageTypes.ALL) {
      assertThat(MessageTypes.named(type.name())).contains(type);
      assertThat(getClass().getResource(type.schema())).as(type.schema()).isNotNull();
    }
    assertThat(MessageTypes.named("io.tallyman.job.queued.v2")).isEmpty();
  }

  @Test
  void shouldRefuseAnObjectThatIsNoMessage() {
    assertThatThrownBy(() -> MessageTypes.of("text"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("java.lang.String");
  }

  /** Each record of each family of the topic table; dead letters carry bytes, not messages. */
  static Stream<Class<?>> carried() {
    var families =
        Stream.<Class<?>>concat(
            Stream.of(JobCommand.class, JobEvent.class, RunnerControl.class),
            Topics.all(List.of(EndpointName.DEFAULT)).stream()
                .<Class<?>>map(Topic::value)
                .filter(value -> value != byte[].class));
    return families.flatMap(MessageTypesTest::records).distinct();
  }

  private static Stream<Class<?>> records(Class<?> family) {
    return family.isSealed()
        ? Arrays.stream(family.getPermittedSubclasses()).flatMap(MessageTypesTest::records)
        : Stream.of(family);
  }
}
