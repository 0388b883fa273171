package io.tallyman.processor.domain;

import static io.tallyman.processor.Jobs.JOB;
import static io.tallyman.processor.Jobs.NOT_SERVED;
import static io.tallyman.processor.Jobs.OTHER_RUNNER;
import static io.tallyman.processor.Jobs.OUTPUT;
import static io.tallyman.processor.Jobs.cancel;
import static io.tallyman.processor.Jobs.complete;
import static io.tallyman.processor.Jobs.expire;
import static io.tallyman.processor.Jobs.fail;
import static io.tallyman.processor.Jobs.release;
import static io.tallyman.processor.Jobs.renew;
import static io.tallyman.processor.Jobs.request;
import static io.tallyman.processor.Jobs.retry;
import static io.tallyman.processor.Jobs.start;
import static io.tallyman.processor.Jobs.submit;
import static io.tallyman.processor.domain.JobLife.at;
import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.processor.domain.JobLife.Step;
import io.tallyman.processor.domain.Transitions.Row;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.JobCommand;
import io.tallyman.schemas.job.JobEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every state with every command does what the table says. */
class TransitionsTest {

  /** Later than every deadline and every retention. */
  private static final Duration LONG_AFTER = Duration.ofDays(10);

  /** The commands that lead to each state; the next one comes a second later. */
  private static final Map<String, List<Step>> STATES =
      Map.of(
          "(absent)", List.of(),
          "IN_QUEUE, attempt 1", List.of(at(0, submit())),
          "IN_QUEUE, attempt 2", List.of(at(0, submit()), at(1, start(1)), at(2, release(1))),
          "IN_PROGRESS",
              List.of(at(0, submit()), at(1, start(1)), at(2, release(1)), at(3, start(2))),
          "FAILED", List.of(at(0, submit()), at(1, start(1)), at(2, fail(1))),
          "TIMED_OUT", List.of(at(0, submit()), at(1, start(1)), at(21, expire())),
          "COMPLETED", List.of(at(0, submit()), at(1, start(1)), at(2, complete(1))),
          "CANCELLED", List.of(at(0, submit()), at(1, start(1)), at(2, cancel())));

  /** Each command, for the current attempt. */
  private static final Map<String, IntFunction<JobCommand>> COMMANDS =
      Map.ofEntries(
          entry("Submit, same request", _ -> submit()),
          entry(
              "Submit, other request", _ -> submit(request(EndpointName.DEFAULT, "0ther", false))),
          entry("Submit, unknown endpoint", _ -> submit(request(NOT_SERVED, "0ther", false))),
          entry("Start, current attempt", attempt -> start(attempt)),
          entry("Start, other attempt", attempt -> start(other(attempt))),
          entry("Start, after ttl", attempt -> start(attempt)),
          entry("Start, other runner", attempt -> new JobCommand.Start(JOB, attempt, OTHER_RUNNER)),
          entry("Complete, current attempt", attempt -> complete(attempt)),
          entry("Complete, other attempt", attempt -> complete(other(attempt))),
          entry(
              "Complete, other runner",
              attempt -> new JobCommand.Complete(JOB, attempt, OTHER_RUNNER, OUTPUT)),
          entry("Fail, current attempt", attempt -> fail(attempt)),
          entry("Fail, other attempt", attempt -> fail(other(attempt))),
          entry(
              "Fail, other runner",
              attempt -> new JobCommand.Fail(JOB, attempt, OTHER_RUNNER, "x")),
          entry("Release, current attempt", attempt -> release(attempt)),
          entry("Release, other attempt", attempt -> release(other(attempt))),
          entry(
              "Release, other runner",
              attempt -> new JobCommand.Release(JOB, attempt, OTHER_RUNNER, "x", false)),
          entry("Renew, current attempt", attempt -> renew(attempt)),
          entry("Renew, other attempt", attempt -> renew(other(attempt))),
          entry("Renew, other runner", attempt -> new JobCommand.Renew(JOB, attempt, OTHER_RUNNER)),
          entry("Cancel", _ -> cancel()),
          entry("Retry", _ -> retry()),
          entry("Expire, too early", _ -> expire()),
          entry("Expire, due", _ -> expire()));

  @ParameterizedTest
  @MethodSource("rows")
  void shouldAnswerAsTheTableSays(Row row) {
    // given
    var steps = Objects.requireNonNull(STATES.get(row.state()));
    var life = JobLife.given(steps.toArray(Step[]::new));
    var attempt = life.log().isEmpty() ? 1 : life.log().getLast().meta().attempt();
    var last = steps.isEmpty() ? Duration.ZERO : steps.getLast().since();
    assertThat(status(life)).as("reached").isEqualTo(row.state().replaceFirst(",.*", ""));

    // when
    var isLate = row.command().equals("Expire, due") || row.command().equals("Start, after ttl");
    var since = isLate ? LONG_AFTER : last.plus(Duration.ofSeconds(1));
    life.when(new Step(since, Objects.requireNonNull(COMMANDS.get(row.command())).apply(attempt)));

    // then
    assertThat(answer(life)).as("answer").isEqualTo(row.answer());
    assertThat(status(life)).as("state after").isEqualTo(row.after());
  }

  @Test
  void shouldHaveARowForEveryStateWithEveryCommand() {
    var pairs =
        STATES.keySet().stream()
            .flatMap(state -> COMMANDS.keySet().stream().map(command -> List.of(state, command)))
            .collect(Collectors.toSet());

    assertThat(Transitions.rows().stream().map(row -> List.of(row.state(), row.command())))
        .doesNotHaveDuplicates()
        .containsExactlyInAnyOrderElementsOf(pairs);
  }

  @Test
  void shouldNameEveryEventAndEveryCommandOfTheLanguage() {
    // given
    var answers = new HashSet<String>();
    Transitions.rows().forEach(row -> answers.add(row.answer()));
    var commands =
        Transitions.rows().stream()
            .map(row -> row.command().replaceFirst(",.*", ""))
            .collect(Collectors.toSet());

    // then
    assertThat(answers).containsAll(names(JobEvent.class));
    assertThat(commands).containsExactlyInAnyOrderElementsOf(names(JobCommand.class));
  }

  @Test
  void shouldBeTheTableOfTheDocumentation() throws IOException {
    // given
    var documentation = Files.readString(Path.of("../docs/job-lifecycle.md"));
    var head = Transitions.TABLE.lines().findFirst().orElseThrow();

    // when
    var shown =
        documentation
            .lines()
            .dropWhile(line -> !line.equals(head))
            .takeWhile(line -> line.startsWith("|"))
            .collect(Collectors.joining("\n", "", "\n"));

    // then
    assertThat(shown)
        .as("the table of docs/job-lifecycle.md; copy Transitions.TABLE over it")
        .isEqualTo(Transitions.TABLE);
  }

  static List<Row> rows() {
    return Transitions.rows();
  }

  /** Over, or not yet there. */
  private static int other(int attempt) {
    return attempt == 1 ? 2 : attempt - 1;
  }

  private static String status(JobLife life) {
    return life.log().isEmpty() ? "(absent)" : life.log().getLast().status().name();
  }

  private static String answer(JobLife life) {
    return switch (life.answer()) {
      case Decision.Rejected(var code, _) -> code.name();
      case Decision.Accepted(var events, _) ->
          events.isEmpty()
              ? "nothing"
              : events.stream()
                  .map(event -> event.getClass().getSimpleName())
                  .collect(Collectors.joining(", "));
    };
  }

  private static List<String> names(Class<?> family) {
    return List.of(family.getPermittedSubclasses()).stream().map(Class::getSimpleName).toList();
  }
}
