package io.tallyman.processor.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.processor.simulation.Simulation.Planted;
import io.tallyman.schemas.job.JobEvent;
import io.tallyman.schemas.job.Rejection;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The rules in a system that breaks: {@code -Dsimulation.seeds=10000} for more seeds, {@code
 * -Dsimulation.seed=N} for that one alone. See {@code docs/reliability/simulation.md}.
 */
class SimulationTest {

  private static final Logger LOG = LoggerFactory.getLogger(SimulationTest.class);

  private static final int SEEDS = Integer.getInteger("simulation.seeds", 1_000);
  private static final int LEAST_STEPS = 300;

  /** What a run that means something has met. */
  private static final List<String> FAULTS =
      List.of(
          "fault: processor crash before commit",
          "fault: processor crash after commit",
          "fault: zombie processor",
          "fault: duplicated",
          "fault: delayed",
          "fault: dispatched twice",
          "fault: runner crash, working",
          "fault: runner stopped",
          "fault: runner cut off",
          "fault: zombie runner",
          "fault: clock jumps forward",
          "fault: clock jumps back",
          "fault: processor's clock jumps",
          "self-fenced",
          "reaped",
          "run came too late",
          "overlap, excused",
          "forgotten");

  @Test
  void shouldHoldWhateverBreaks() {
    var one = Long.getLong("simulation.seed");
    var seeds = new Seeds(Planted.NOTHING);

    var failure = one == null ? seeds.run(0, SEEDS) : seeds.run(one, 1);

    LOG.info(
        "{} steps, at least {} a seed; met {}", seeds.steps(), seeds.fewestSteps(), seeds.met());
    assertThat(failure.map(Seeds.Failure::story)).isEmpty();
    assertThat(seeds.fewestSteps()).isGreaterThanOrEqualTo(LEAST_STEPS);
    if (one == null) {
      assertThat(seeds.met()).containsKeys(expected().toArray(String[]::new));
    }
  }

  private static List<String> expected() {
    var expected = new ArrayList<>(FAULTS);
    for (var event : JobEvent.class.getPermittedSubclasses()) {
      expected.add("event: " + event.getSimpleName());
    }
    for (var code :
        List.of(
            Rejection.Code.ALREADY_EXISTS,
            Rejection.Code.INVALID_STATE,
            Rejection.Code.NOT_FOUND,
            Rejection.Code.STALE_ATTEMPT)) {
      expected.add("refusal: " + code);
    }
    return expected;
  }
}
