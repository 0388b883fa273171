package io.tallyman.api.views;

import static org.assertj.core.api.Assertions.assertThat;

import io.tallyman.api.views.Runners.Capacity;
import io.tallyman.schemas.job.EndpointName;
import io.tallyman.schemas.job.RunnerHeartbeat;
import io.tallyman.schemas.job.RunnerHeartbeat.Serving;
import io.tallyman.schemas.job.RunnerId;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class RunnersTest {

  private static final EndpointName OTHER = new EndpointName("other");

  private final AtomicReference<Instant> now = new AtomicReference<>(Events.TIME);
  private final Runners runners = new Runners(now::get);

  @Test
  void shouldAddUpTheRunnersThatServeTheEndpoint() {
    hear("one", 4, new Serving(EndpointName.DEFAULT, 1), new Serving(OTHER, 2));
    hear("two", 2, new Serving(OTHER, 0));

    assertThat(runners.capacity(EndpointName.DEFAULT)).isEqualTo(new Capacity(1, 1));
    assertThat(runners.capacity(OTHER)).isEqualTo(new Capacity(2, 3));
  }

  @Test
  void shouldForgetARunnerThatIsSilent() {
    hear("one", 4, new Serving(OTHER, 1));
    now.set(Events.TIME.plus(Runners.SILENCE));
    assertThat(runners.capacity(OTHER)).isEqualTo(new Capacity(1, 3));

    now.set(Events.TIME.plus(Runners.SILENCE).plusMillis(1));
    assertThat(runners.capacity(OTHER)).isEqualTo(new Capacity(0, 0));
  }

  @Test
  void shouldForgetTheOneThatIsSilentForLongestBeyondItsBound() {
    hear("first", 1, new Serving(OTHER, 1));
    hear("second", 1, new Serving(OTHER, 0));
    for (int i = 0; i < Runners.MAX_RUNNERS - 2; i++) {
      hear("runner-" + i, 1, new Serving(EndpointName.DEFAULT, 0));
    }
    assertThat(runners.capacity(OTHER)).isEqualTo(new Capacity(1, 1));
    hear("first", 1, new Serving(OTHER, 1));

    hear("one-more", 1, new Serving(EndpointName.DEFAULT, 0));

    assertThat(runners.capacity(OTHER)).isEqualTo(new Capacity(1, 0));
  }

  private void hear(String runner, int slots, Serving... serving) {
    runners.heard(
        new RunnerHeartbeat(new RunnerId(runner), Instant.EPOCH, "noop", slots, List.of(serving)));
  }
}
