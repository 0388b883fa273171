package io.tallyman.chaos.docker;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.core.DefaultDockerClientConfig;
import com.github.dockerjava.core.DockerClientImpl;
import com.github.dockerjava.zerodep.ZerodepDockerHttpClient;
import io.tallyman.chaos.history.ContainerSighting;
import io.tallyman.chaos.history.ContainerSighting.Kind;
import io.tallyman.chaos.history.Ticker;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

class ContainerWatchIT {

  private static final String HOST =
      Optional.ofNullable(System.getenv("TALLY_DOCKER_HOST")).orElse("unix:///var/run/docker.sock");

  /** Of this test alone: others use the same engine. */
  private static final String RUNNER = "watched-" + ProcessHandle.current().pid();

  private final List<ContainerSighting> seen = new CopyOnWriteArrayList<>();

  @Test
  void shouldTellOnceOfEachContainerOfOurRunners() throws Exception {
    try (var engine = engine();
        var watch =
            new ContainerWatch(HOST, new Ticker(Instant.now()), RUNNER::equals, seen::add)) {
      // given
      var follower = Thread.ofPlatform().start(() -> follow(watch));
      var ours = create(engine, "tally-%s-a2".formatted(RUNNER), RUNNER);
      var others = create(engine, "tally-%s-a1".formatted(RUNNER), "another");
      try {
        // when
        engine.startContainerCmd(others).exec();
        engine.startContainerCmd(ours).exec();
        await(() -> seen.stream().anyMatch(it -> it.kind() == Kind.STARTED));
        watch.look();
        assertThat(watch.left()).containsExactly("/tally-%s-a2".formatted(RUNNER));
        engine.killContainerCmd(ours).exec();
        await(() -> seen.stream().anyMatch(it -> it.kind() == Kind.ENDED));
      } finally {
        engine.removeContainerCmd(ours).withForce(true).exec();
        engine.removeContainerCmd(others).withForce(true).exec();
      }
      watch.stop();
      assertThat(follower.join(Duration.ofSeconds(10))).as("the follower has ended").isTrue();

      // then
      assertThat(seen.stream().map(ContainerSighting::kind))
          .containsExactly(Kind.STARTED, Kind.RUNNING, Kind.ENDED);
      assertThat(seen)
          .allSatisfy(
              sighting -> {
                assertThat(sighting.id()).isEqualTo(ours);
                assertThat(sighting.job()).isEqualTo(RUNNER);
                assertThat(sighting.attempt()).isEqualTo(2);
                assertThat(sighting.runner()).isEqualTo(RUNNER);
              });
      assertThat(seen.stream().map(ContainerSighting::at)).isSorted();
      assertThat(watch.left()).isEmpty();
    }
  }

  private static void follow(ContainerWatch watch) {
    try {
      watch.follow();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private static void await(BooleanSupplier condition) {
    var giveUp = System.nanoTime() + 20_000_000_000L;
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("waited for too long").isLessThan(giveUp);
      Thread.onSpinWait();
    }
  }

  private static String create(DockerClient engine, String name, String runner) {
    return engine
        .createContainerCmd("busybox:latest")
        .withName(name)
        .withLabels(Map.of("tallyman.runner", runner))
        .withEntrypoint("sleep", "300")
        .exec()
        .getId();
  }

  private static DockerClient engine() {
    var engine =
        DockerClientImpl.getInstance(
            DefaultDockerClientConfig.createDefaultConfigBuilder().withDockerHost(HOST).build(),
            new ZerodepDockerHttpClient.Builder().dockerHost(URI.create(HOST)).build());
    try {
      engine.inspectImageCmd("busybox:latest").exec();
    } catch (RuntimeException e) {
      if (Boolean.parseBoolean(System.getenv("TALLY_TEST_REQUIRE_DOCKER"))) {
        throw e;
      }
      Assumptions.abort("SKIPPED, NOT TESTED: no Docker engine with busybox:latest: " + e);
    }
    return engine;
  }
}
