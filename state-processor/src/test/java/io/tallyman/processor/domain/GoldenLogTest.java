package io.tallyman.processor.domain;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.processor.Jobs;
import io.tallyman.schemas.MessageTypes;
import io.tallyman.schemas.job.JobCommand;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.JobId;
import io.tallyman.schemas.job.JobView;
import io.tallyman.schemas.json.MalformedMessage;
import io.tallyman.schemas.json.MessageCodec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Logs that earlier versions wrote, byte for byte, {@code <version>.log}, and what they fold to,
 * {@code <version>.states}. A file is never changed: a log is kept for ever, and every later
 * version must read it as the first did. A new version adds its own.
 */
class GoldenLogTest {

  private static final Path FOLDER = Path.of("src/test/resources/golden-log");

  /** A record of a log: a command or an event. */
  private record Line(String type, String json) {
    static Line of(String text) {
      var at = text.indexOf(' ');
      return new Line(text.substring(0, at), text.substring(at + 1));
    }

    Object message() {
      try {
        return MessageCodec.decode(type, json.getBytes(UTF_8));
      } catch (MalformedMessage e) {
        throw new AssertionError("An old log cannot be read any more: " + e.getMessage(), e);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("versions")
  void shouldFoldToTheSameStatesForEver(String version) throws IOException {
    var states = new HashMap<JobId, JobState>();
    var folded = new ArrayList<String>();
    for (var line : lines(version)) {
      if (line.message() instanceof JobEvent event) {
        var job = event.meta().jobId();
        var before = states.getOrDefault(job, new JobState.Absent());
        var after = JobEvolution.evolve(before, event);
        states.put(job, after);
        folded.add(
            "%s %s %s %s"
                .formatted(
                    after.getClass().getSimpleName(),
                    event.meta().sequence(),
                    Jobs.decider().deadline(after).orElseThrow(),
                    new String(MessageCodec.encode(JobView.of(event)), UTF_8)));
      }
    }

    assertThat(String.join("\n", folded) + "\n")
        .isEqualTo(Files.readString(FOLDER.resolve(version + ".states")));
  }

  @ParameterizedTest
  @MethodSource("versions")
  void shouldHaveEveryCommandAndEventOfItsVersion(String version) throws IOException {
    var types = lines(version).stream().map(Line::type).collect(Collectors.toSet());

    assertThat(types)
        .as("a version that adds a type adds a log")
        .containsAll(
            MessageTypes.ALL.stream()
                .filter(
                    it ->
                        JobEvent.class.isAssignableFrom(it.record())
                            || JobCommand.class.isAssignableFrom(it.record()))
                .map(MessageTypes.MessageType::name)
                .toList());
    assertThat(lines(version)).allSatisfy(line -> assertThat(line.message()).isNotNull());
  }

  static Stream<String> versions() throws IOException {
    try (var files = Files.list(FOLDER)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".log"))
          .map(name -> name.substring(0, name.length() - ".log".length()))
          .sorted()
          .toList()
          .stream();
    }
  }

  private static List<Line> lines(String version) throws IOException {
    return Files.readAllLines(FOLDER.resolve(version + ".log")).stream().map(Line::of).toList();
  }
}
