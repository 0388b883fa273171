package io.tallyman.processor.domain;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.processor.Jobs;
import io.tallyman.processor.domain.JobState.Absent;
import io.tallyman.schemas.job.JobCommand;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.Rejection;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.assertj.core.api.InstanceOfAssertFactories;

/** Given commands, when a command, then events or a refusal: nobody looks at a state. */
final class JobLife {

  private final JobDecider decider;
  private JobState state = new Absent();
  private final List<JobEvent> log = new ArrayList<>();
  private Decision answer = new Decision.Accepted();
  private List<Reaction> reactions = List.of();

  private JobLife(JobDecider decider) {
    this.decider = decider;
  }

  /** A command at a time since {@link Jobs#T0}. */
  record Step(Duration since, JobCommand command) {
    Instant at() {
      return Jobs.T0.plus(since);
    }
  }

  static Step at(long seconds, JobCommand command) {
    return new Step(Duration.ofSeconds(seconds), command);
  }

  static Step atMillis(long millis, JobCommand command) {
    return new Step(Duration.ofMillis(millis), command);
  }

  static JobLife given(Step... steps) {
    return given(Jobs.decider(), steps);
  }

  static JobLife given(JobDecider decider, Step... steps) {
    var life = new JobLife(decider);
    Arrays.stream(steps).forEach(life::when);
    return life;
  }

  JobLife when(Step step) {
    return when(step.command(), step.at());
  }

  JobLife when(JobCommand command, Instant at) {
    var before = state;
    answer = decider.decide(state, command, at);
    state = decider.after(state, answer);
    if (answer instanceof Decision.Accepted(var events, _)) {
      log.addAll(events);
    }
    reactions = Reaction.of(before, command, answer, state);
    return this;
  }

  /** The last command led to exactly this. */
  JobLife then(JobEvent... events) {
    assertThat(answer)
        .asInstanceOf(InstanceOfAssertFactories.type(Decision.Accepted.class))
        .extracting(Decision.Accepted::events)
        .isEqualTo(List.of(events));
    return this;
  }

  /** The last command was refused, with exactly this. */
  JobLife thenRefused(Rejection.Code code, String detail) {
    assertThat(answer).isEqualTo(new Decision.Rejected(code, detail));
    return this;
  }

  /** The last command led to one event of this kind. */
  <E extends JobEvent> E thenOne(Class<E> kind) {
    assertThat(answer)
        .asInstanceOf(InstanceOfAssertFactories.type(Decision.Accepted.class))
        .extracting(Decision.Accepted::events)
        .asInstanceOf(InstanceOfAssertFactories.LIST)
        .singleElement()
        .isInstanceOf(kind);
    return kind.cast(log.getLast());
  }

  /** The last command made the runners learn exactly this. */
  JobLife thenTold(Reaction... expected) {
    assertThat(reactions).containsExactly(expected);
    return this;
  }

  /** All events so far. */
  List<JobEvent> log() {
    return List.copyOf(log);
  }

  Decision answer() {
    return answer;
  }

  JobState state() {
    return state;
  }
}
