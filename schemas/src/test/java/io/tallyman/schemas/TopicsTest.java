package io.tallyman.schemas;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.schemas.Topics.Topic;
import io.tallyman.schemas.job.EndpointName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class TopicsTest {

  private static final List<Topic> ALL =
      Topics.all(List.of(EndpointName.DEFAULT, new EndpointName("other")));

  @Test
  void shouldNameEachTopicOnce() {
    assertThat(ALL).extracting(Topic::name).doesNotHaveDuplicates();
    assertThat(ALL)
        .extracting(Topic::name)
        .allMatch(name -> name.matches("[a-z]+(-[a-z]+)*(\\.[a-z0-9-]+(\\.low)?)?"))
        .contains("job-dispatch.default", "job-dispatch.default.low", "job-dispatch.other");
  }

  @Test
  void shouldKeepTheLogForEverAndNeverCompactIt() {
    assertThat(Topics.EVENTS.configuration())
        .containsEntry("retention.ms", "-1")
        .containsEntry("cleanup.policy", "delete");
    assertThat(Topics.EVENTS.writer()).isEqualTo("state-processor");
  }

  @Test
  void shouldStampCommandsByTheBrokersClock() {
    assertThat(Topics.COMMANDS.configuration())
        .containsEntry("message.timestamp.type", "LogAppendTime");
  }

  @Test
  void shouldLeaveTimestampsOfFactsToTheirWriter() {
    assertThat(ALL)
        .filteredOn(topic -> !topic.equals(Topics.COMMANDS))
        .allSatisfy(
            topic -> assertThat(topic.configuration()).doesNotContainKey("message.timestamp.type"));
  }

  @Test
  void shouldTakeWhatComesFromAClockThatIsAhead() {
    assertThat(ALL)
        .allSatisfy(
            topic ->
                assertThat(topic.configuration())
                    .containsEntry(
                        "message.timestamp.after.max.ms", Long.toString(Long.MAX_VALUE)));
  }

  @Test
  void shouldKeepAnAttemptForLongerThanTheLongestTtl() {
    assertThat(Topics.dispatch(EndpointName.DEFAULT, false).retention())
        .isGreaterThan(Duration.ofMillis(io.tallyman.schemas.job.Policy.MAX_MS));
  }

  @Test
  void shouldKeepEveryPartitionOfAJobInStepWithItsCommands() {
    assertThat(List.of(Topics.COMMANDS, Topics.EVENTS, Topics.REJECTIONS))
        .extracting(Topic::partitions)
        .containsOnly(Topics.COMMANDS.partitions());
  }

  @Test
  void shouldTakeTheLargestRecordOnEveryTopic() {
    assertThat(ALL)
        .allSatisfy(
            topic ->
                assertThat(topic.configuration())
                    .containsEntry("max.message.bytes", Integer.toString(Topics.MAX_RECORD_BYTES)));
  }

  @Test
  void shouldBeWhatTheDocumentSays() throws IOException {
    // given
    var rows = new ArrayList<String>();
    rows.add("| topic | key | value | partitions | retention | settings | writer |");
    rows.add("| --- | --- | --- | --- | --- | --- | --- |");
    for (var topic : Topics.all(List.of(EndpointName.DEFAULT))) {
      rows.add(
          "| `%s` | %s | %s | %d | %s | %s | %s |"
              .formatted(
                  topic.name().replace(".default", ".<endpoint>"),
                  topic.key(),
                  topic.value() == byte[].class
                      ? "bytes"
                      : "`%s`".formatted(topic.value().getSimpleName()),
                  topic.partitions(),
                  retention(topic.retention()),
                  settings(topic.settings()),
                  topic.writer()));
    }

    // when
    var document = Files.readAllLines(Path.of("../docs/topics.md"));

    // then
    assertThat(document)
        .as("the table of docs/topics.md; put these lines there:\n%s", String.join("\n", rows))
        .filteredOn(line -> line.startsWith("|"))
        .startsWith(rows.toArray(String[]::new));
  }

  private static String retention(Duration retention) {
    if (retention.isNegative()) {
      return "for ever";
    }
    return retention.toDays() > 0 ? retention.toDays() + " d" : retention.toHours() + " h";
  }

  private static String settings(Map<String, String> settings) {
    var text = new ArrayList<String>();
    new TreeMap<>(settings).forEach((name, value) -> text.add("`%s=%s`".formatted(name, value)));
    return text.isEmpty() ? "–" : String.join(", ", text);
  }
}
